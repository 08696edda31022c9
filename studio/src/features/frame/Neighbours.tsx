// The frames of the same camera around one, as a strip.

import { Link, useSearch } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { cx } from "../../components/ui";
import { imageUrl, type FrameDetail, type Which } from "../../api/client";
import { frameParams, millis, timeOfDay, viewOf } from "../../app/address";

interface NeighboursProps {
  frame: FrameDetail;
  which: Which;
}

export function Neighbours({ frame, which }: NeighboursProps) {
  const view = viewOf(useSearch({ strict: false }));
  const here = useRef<HTMLLIElement>(null);
  useEffect(() => {
    here.current?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [frame.sequence]);
  const now = millis(frame.taken_at);
  const strip = [...frame.before, frame, ...frame.after];
  return (
    <nav aria-label="Before and after" className="border-t border-line bg-card">
      <ul className="flex gap-[6px] overflow-x-auto p-[8px]">
        {strip.map((near) => {
          const isHere = near.sequence === frame.sequence;
          const seconds = (millis(near.taken_at) - now) / 1000;
          return (
            <li key={near.sequence} ref={isHere ? here : null} className="shrink-0">
              <Link
                to="/frames/$recording/$camera/$sequence"
                params={frameParams(near)}
                search={view}
                aria-current={isHere ? "true" : undefined}
                title={timeOfDay(near.taken_at)}
                className={cx("block w-[104px] overflow-hidden rounded-[6px] border-2", isHere ? "border-accent" : "border-transparent hover:border-line-strong")}
              >
                {which === "raw" || near.anonymized ? (
                  <img src={imageUrl(near, which, 160)} alt={`#${near.sequence}`} className="h-[62px] w-full bg-sunken object-cover" />
                ) : (
                  <span className="grid h-[62px] place-items-center bg-sunken text-[11px] text-faint">#{near.sequence}</span>
                )}
                <span className="block px-[4px] py-[2px] text-center text-[11px] text-soft tabular-nums">{isHere ? "here" : `${seconds > 0 ? "+" : "−"}${Math.abs(seconds).toFixed(2)} s`}</span>
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
