// A frame before and after anonymisation, one over the other, with a slider between them.

import { useState } from "react";
import { classColour } from "../../components/classes";
import { Toggle } from "../../components/ui";
import { imageUrl, type FrameItem } from "../../api/client";

export function Compare({ frame, mayRaw }: { frame: FrameItem; mayRaw: boolean }) {
  const [share, setShare] = useState(50);
  const [isBoxed, setBoxed] = useState(true);
  const { width, height } = frame;
  const boxes = frame.boxes.filter((box) => box.bbox != null);
  return (
    <div>
      <div className="bg-sunken">
        <div className="relative mx-auto" style={{ aspectRatio: `${width} / ${height}`, maxHeight: "66vh" }}>
          <img src={imageUrl(frame, "anonymized")} alt="Anonymised" width={width} height={height} className="absolute inset-0 size-full object-contain" />
          {mayRaw && (
            <div className="absolute inset-0 overflow-hidden" style={{ clipPath: `inset(0 ${100 - share}% 0 0)` }}>
              <img src={imageUrl(frame, "raw")} alt="As it was recorded" width={width} height={height} className="absolute inset-0 size-full object-contain" />
            </div>
          )}
          {isBoxed && (
            <svg aria-hidden="true" viewBox={`0 0 ${width} ${height}`} className="pointer-events-none absolute inset-0 size-full">
              {boxes.map((box, place) => {
                const [left = 0, top = 0, right = 0, bottom = 0] = box.bbox ?? [];
                const isHidden = box.kind !== "object";
                return (
                  <rect
                    key={place}
                    x={left * width}
                    y={top * height}
                    width={(right - left) * width}
                    height={(bottom - top) * height}
                    fill="none"
                    stroke={classColour(box.label)}
                    strokeWidth={isHidden ? 2.5 : 1.2}
                    strokeDasharray={isHidden ? undefined : "4 4"}
                    vectorEffect="non-scaling-stroke"
                  />
                );
              })}
            </svg>
          )}
          {mayRaw && (
            <>
              <span aria-hidden="true" className="pointer-events-none absolute inset-y-0 w-[2px] bg-white shadow-[0_0_0_1px_rgb(0_0_0/0.5)]" style={{ left: `${share}%` }} />
              <input
                type="range"
                min={0}
                max={100}
                value={share}
                onChange={(event) => setShare(Number(event.target.value))}
                aria-label="Where the recorded image ends and the anonymised one begins"
                className="absolute inset-0 size-full cursor-ew-resize opacity-0 focus-visible:opacity-20"
              />
              <Corner side="left">recorded</Corner>
            </>
          )}
          <Corner side="right">anonymised</Corner>
        </div>
      </div>
      <div className="flex flex-wrap items-center gap-[12px] border-t border-line px-[14px] py-[8px] text-[12.5px] text-soft">
        <Toggle icon="box" isOn={isBoxed} onChange={setBoxed}>
          Boxes
        </Toggle>
        <span>Solid: what was hidden. Dashed: persons and vehicles, where something ought to be.</span>
        {!mayRaw && <span>The recorded image is only for those who may see it.</span>}
      </div>
    </div>
  );
}

function Corner({ side, children }: { side: "left" | "right"; children: string }) {
  return <span className={`pointer-events-none absolute top-[10px] rounded-[5px] bg-black/65 px-[8px] py-[3px] text-[11.5px] font-medium text-white ${side === "left" ? "left-[10px]" : "right-[10px]"}`}>{children}</span>;
}
