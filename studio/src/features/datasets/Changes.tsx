// What became of a dataset from an earlier version to this one.

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { classColour } from "../../components/classes";
import { Badge, EmptyState, ErrorState, Select, Skeleton } from "../../components/ui";
import type { BoxChanges, DatasetCard, DatasetDiff, Listed } from "../../api/datasets";
import { Card } from "../../app/Page";
import { ImageName } from "./ImageName";
import { useDiff } from "./queries";
import { SplitName } from "./Splits";
import { number } from "./words";

interface ChangesProps {
  card: DatasetCard;
  from: string | undefined;
  onFrom: (from: string) => void;
}

export function Changes({ card, from, onFrom }: ChangesProps) {
  const { name, version, versions } = card;
  const others = versions.filter((other) => other !== version).sort((a, b) => b - a);
  // Without a wish the one before, or the one after of the first of all.
  const usual = others.find((other) => other < version) ?? others.at(-1);
  const chosen = others.find((other) => String(other) === from) ?? usual;
  const found = useDiff(name, version, chosen);
  if (chosen === undefined) {
    return (
      <EmptyState icon="layers" title="There is one version">
        Build {name} again, and what changed is here.
      </EmptyState>
    );
  }
  return (
    <div className="flex flex-col gap-[14px]">
      <div className="flex flex-wrap items-center gap-[10px] text-[13px]">
        <span>From</span>
        <Select label="The version to compare with" hideLabel value={String(chosen)} onChange={onFrom} options={others.map((other) => ({ value: String(other), label: `version ${other}` }))} className="w-[130px]" />
        <span>to version {version}</span>
      </div>
      {found.isError ? (
        <ErrorState title="They cannot be compared" onRetry={() => void found.refetch()} isRetrying={found.isFetching}>
          {found.error.message}
        </ErrorState>
      ) : found.data === undefined ? (
        <Skeleton className="h-[260px]" />
      ) : (
        <Difference diff={found.data} name={name} version={version} from={chosen} />
      )}
    </div>
  );
}

interface DifferenceProps {
  diff: DatasetDiff;
  name: string;
  version: number;
  from: number;
}

function Difference({ diff, name, version, from }: DifferenceProps) {
  const tiles: [string, number, string][] = [
    ["images added", diff.images_added.count, "text-good"],
    ["images removed", diff.images_removed.count, "text-bad"],
    ["images in another split", diff.images_moved.count, "text-warn"],
    ["images with other boxes", diff.images_relabelled.count, "text-ink"],
    ["images that are another file", diff.images_replaced.count, "text-warn"],
    ["images unchanged", diff.images_unchanged, "text-ink"],
    ["boxes added", diff.boxes.added, "text-good"],
    ["boxes removed", diff.boxes.removed, "text-bad"],
    ["boxes changed", diff.boxes.moved, "text-ink"],
    ["boxes the same", diff.boxes.same, "text-ink"],
  ];
  const image = (image: string, at = version): ReactNode => (
    <Link to="/datasets/$name/$version/images/$image" params={{ name, version: String(at), image }} search={{ tab: "changes" }} className="min-w-0 text-accent hover:underline">
      <ImageName name={image} />
    </Link>
  );
  return (
    <>
      <dl aria-label="How many changed" className="grid grid-cols-[repeat(auto-fill,minmax(210px,1fr))] gap-[10px] max-sm:grid-cols-2">
        {tiles.map(([what, value, tone]) => (
          <div key={what} className="flex flex-col-reverse justify-end rounded-[10px] border border-line bg-card px-[14px] py-[8px]">
            <dt className="text-[12px] text-soft">{what}</dt>
            <dd className={`text-[18px] font-semibold tabular-nums ${value === 0 ? "text-soft" : tone}`}>{number(value)}</dd>
          </div>
        ))}
      </dl>
      <Classes classes={diff.classes} />
      <div className="grid grid-cols-[repeat(auto-fit,minmax(min(100%,460px),1fr))] items-start gap-[14px]">
        <Examples title="Added" listed={diff.images_added} row={(name) => image(name)} keyOf={(name) => name} />
        {/* What is gone can be seen where it was. */}
        <Examples title="Removed" listed={diff.images_removed} row={(name) => image(name, from)} keyOf={(name) => name} />
        <Examples
          title="In another split"
          listed={diff.images_moved}
          keyOf={({ image }) => image}
          row={(moved) => (
            <>
              {image(moved.image)}
              <span className="flex shrink-0 items-center gap-[6px] text-soft">
                <SplitName split={moved.from} /> <span aria-label="to">→</span> <SplitName split={moved.to} />
              </span>
            </>
          )}
        />
        <Examples
          title="With other boxes"
          listed={diff.images_relabelled}
          keyOf={({ image }) => image}
          row={(changed) => (
            <>
              {image(changed.image)}
              <span className="text-[12px] whitespace-nowrap text-soft tabular-nums">{inWords(changed.boxes, changed.is_labelled_now)}</span>
            </>
          )}
        />
        <Examples title="Another file" listed={diff.images_replaced} row={(name) => image(name)} keyOf={(name) => name} />
      </div>
    </>
  );
}

/** `2 added, 1 changed` */
function inWords({ added, removed, moved }: BoxChanges, isLabelledNow: boolean | null | undefined): string {
  const parts = [...(isLabelledNow == null ? [] : [isLabelledNow ? "looked at now" : "no labels any more"]), ...(added > 0 ? [`${number(added)} added`] : []), ...(removed > 0 ? [`${number(removed)} removed`] : []), ...(moved > 0 ? [`${number(moved)} changed`] : [])];
  return parts.join(", ");
}

interface ExamplesProps<T> {
  title: string;
  listed: Listed<T>;
  keyOf: (example: T) => string;
  row: (example: T) => ReactNode;
}

function Examples<T>({ title, listed, keyOf, row }: ExamplesProps<T>) {
  if (listed.count === 0) return null;
  const rest = listed.count - listed.examples.length;
  return (
    <Card title={title} about={number(listed.count)}>
      <ul aria-label={title} className="px-[16px] py-[6px] text-[12.5px]">
        {listed.examples.map((example) => (
          <li key={keyOf(example)} className="flex items-center justify-between gap-[10px] border-b border-line py-[5px] last:border-b-0">
            {row(example)}
          </li>
        ))}
        {rest > 0 && <li className="py-[5px] text-soft">and {number(rest)} more</li>}
      </ul>
    </Card>
  );
}

function Classes({ classes: { added, removed, is_reordered, boxes } }: { classes: DatasetDiff["classes"] }) {
  const changes = Object.entries(boxes).sort(([, a], [, b]) => Math.abs(b) - Math.abs(a));
  if (added.length + removed.length + changes.length === 0 && !is_reordered) return null;
  return (
    <Card title="Classes">
      <div className="flex flex-col gap-[8px] p-[16px] text-[13px]">
        {is_reordered && <p className="text-warn">They are in another order: the numbers in files of labels mean others than before.</p>}
        {changes.length > 0 && (
          <ul aria-label="Boxes more or fewer" className="flex flex-wrap gap-x-[18px] gap-y-[6px]">
            {changes.map(([name, change]) => (
              <li key={name} className="flex items-center gap-[6px]">
                <span className="size-[9px] rounded-[2px] ring-1 ring-ink/20" style={{ background: classColour(name) }} />
                {name}
                <span className={`tabular-nums ${change > 0 ? "text-good" : "text-bad"}`}>{`${change > 0 ? "+" : "−"}${number(Math.abs(change))}`}</span>
                {added.includes(name) && <Badge tone="good">new</Badge>}
                {removed.includes(name) && <Badge tone="bad">gone</Badge>}
              </li>
            ))}
          </ul>
        )}
        {[...added, ...removed].some((name) => boxes[name] === undefined) && (
          <p className="text-soft">
            Without a box: {[...added.filter((name) => boxes[name] === undefined).map((name) => `${name} (new)`), ...removed.filter((name) => boxes[name] === undefined).map((name) => `${name} (gone)`)].join(", ")}
          </p>
        )}
      </div>
    </Card>
  );
}
