// Where all that is known of a frame came from, from the recording on.

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { cx, ErrorState, Icon, Skeleton, type IconName } from "../../components/ui";
import type { FrameName } from "../../api/client";
import { useLineage } from "../../api/hooks";
import { inUtc } from "../../app/address";

const ICONS: Record<string, IconName> = {
  recording: "folder",
  extract: "camera",
  detect: "box",
  anonymize: "shield",
  attach: "link",
  tag: "tag",
  annotate: "edit",
  label: "user",
  select: "filter",
  dataset: "layers",
};

export function Lineage({ frame }: { frame: FrameName }) {
  const lineage = useLineage(frame, true);
  if (lineage.isError) return <ErrorState title="Its lineage is not known" onRetry={() => void lineage.refetch()}>{lineage.error.message}</ErrorState>;
  if (lineage.data === undefined) return <Skeleton className="m-[14px] h-[180px]" />;
  return (
    <ol className="px-[14px] py-[12px]">
      {lineage.data.map((step, place) => (
        <li key={place} className="relative flex gap-[10px] pb-[16px] last:pb-0">
          {place < lineage.data.length - 1 && <span aria-hidden="true" className="absolute top-[26px] bottom-0 left-[12px] w-px bg-line-strong" />}
          <span className={cx("grid size-[25px] shrink-0 place-items-center rounded-full border", step.missing ? "border-dashed border-line-strong text-faint" : "border-line-strong bg-raised text-accent")}>
            <Icon name={ICONS[step.step] ?? "info"} />
          </span>
          <div className="min-w-0 flex-1 pt-[2px]">
            <p className={cx("text-[12.5px] font-medium wrap-anywhere", step.missing && "text-soft")}>{step.step === "dataset" ? withLink(step.title) : step.title}</p>
            <dl className="pt-[3px] text-[11.5px]">
              {Object.entries(step.facts).map(([name, value]) => (
                <div key={name} className="flex gap-[6px]">
                  <dt className="shrink-0 text-faint">{name}</dt>
                  <dd className="min-w-0 wrap-anywhere text-soft tabular-nums" title={value}>{LONG_ID.test(value) ? `${value.slice(0, 8)}…` : inUtc(value)}</dd>
                </div>
              ))}
            </dl>
          </div>
        </li>
      ))}
    </ol>
  );
}

/** Nobody reads 64 digits; the first tell them apart. */
const LONG_ID = /^[0-9a-f]{64}$/;

/** `in the dataset cars@2, for train`: the name leads to that version. */
function withLink(title: string): ReactNode {
  const found = /^(.* )([\w-]+)@(\d+)(.*)$/.exec(title);
  if (found === null) return title;
  const [, before, name = "", version = "", after] = found;
  return (
    <>
      {before}
      <Link to="/datasets/$name/$version" params={{ name, version }} search={{}} className="text-accent underline">
        {name}@{version}
      </Link>
      {after}
    </>
  );
}
