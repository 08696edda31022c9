// How a dataset is split: as a bar, and in numbers.

import { useState } from "react";
import { Button, Table, type Column } from "../../components/ui";
import { classColour } from "../../components/classes";
import { SPLITS, type DatasetCard, type Split, type SplitCounts } from "../../api/datasets";
import { number, percent } from "./words";

export const SPLIT_COLOURS: Record<Split, string> = { train: "var(--split-train)", val: "var(--split-val)", test: "var(--split-test)" };

/** Classes that are shown before "show all". */
const CLASSES_AT_FIRST = 12;

interface SplitBarProps {
  splits: Partial<Record<Split, SplitCounts>>;
  hasWords?: boolean;
}

/** The shares of images as one bar. */
export function SplitBar({ splits, hasWords = false }: SplitBarProps) {
  const parts = SPLITS.map((split) => ({ split, images: splits[split]?.images ?? 0 })).filter(({ images }) => images > 0);
  const all = parts.reduce((sum, { images }) => sum + images, 0);
  if (all === 0) return <span className="text-soft">–</span>;
  return (
    <span className="flex min-w-[130px] flex-col gap-[4px]">
      <span aria-hidden="true" className="flex h-[8px] gap-px overflow-hidden rounded-[3px]">
        {parts.map(({ split, images }) => (
          <span key={split} className="h-full min-w-[2px]" style={{ flexGrow: images, background: SPLIT_COLOURS[split] }} />
        ))}
      </span>
      <span className={hasWords ? "text-[11.5px] whitespace-nowrap text-soft tabular-nums" : "sr-only"}>{parts.map(({ split, images }) => `${split} ${number(images)}`).join(", ")}</span>
    </span>
  );
}

export function SplitName({ split }: { split: Split }) {
  return (
    <span className="inline-flex items-center gap-[6px] whitespace-nowrap">
      <span className="size-[9px] rounded-[2px]" style={{ background: SPLIT_COLOURS[split] }} />
      {split}
    </span>
  );
}

interface Row extends Omit<SplitCounts, "classes" | "groups"> {
  split: Split | null;
  /** Of all together nobody knows: a group may be in several. */
  groups: number | null;
}

export function SplitTable({ counts }: { counts: DatasetCard["counts"] }) {
  const rows: Row[] = SPLITS.flatMap((split) => (counts.splits[split] === undefined ? [] : [{ split, ...counts.splits[split] }]));
  const columns: Column<Row>[] = [
    { key: "split", title: "Split", cell: ({ split }) => (split === null ? <span className="font-medium">all</span> : <SplitName split={split} />) },
    { key: "images", title: "Images", isNumber: true, cell: ({ images }) => number(images) },
    { key: "share", title: "Share", isNumber: true, cell: ({ images }) => percent(images, counts.images) },
    { key: "boxes", title: "Boxes", isNumber: true, cell: ({ boxes }) => number(boxes) },
    { key: "each", title: "Per image", isNumber: true, cell: ({ boxes, images }) => (images === 0 ? "–" : (boxes / images).toFixed(1)) },
    { key: "empty", title: "Nothing on them", isNumber: true, cell: ({ empty }) => number(empty) },
    { key: "groups", title: "Groups", isNumber: true, cell: ({ groups }) => (groups === null ? "" : number(groups)) },
  ];
  return <Table label="Splits" columns={columns} rows={[...rows, { split: null, ...counts, groups: null }]} keyOf={({ split }) => split ?? "all"} />;
}

interface ClassRow {
  name: string;
  all: number;
  of: Partial<Record<Split, number>>;
}

export function ClassTable({ card, onClass }: { card: DatasetCard; onClass: (name: string) => void }) {
  const [isLong, setLong] = useState(false);
  const { counts, classes } = card;
  const splits = SPLITS.filter((split) => counts.splits[split] !== undefined);
  const rows: ClassRow[] = classes.map((name, at) => ({
    name,
    all: counts.classes[at] ?? 0,
    of: Object.fromEntries(splits.map((split) => [split, counts.splits[split]?.classes[at] ?? 0])),
  }));
  const columns: Column<ClassRow>[] = [
    {
      key: "name",
      title: "Class",
      cell: ({ name }) => (
        <button type="button" onClick={() => onClass(name)} className="flex items-center gap-[6px] rounded-[4px] text-left hover:text-accent hover:underline">
          <span className="size-[9px] shrink-0 rounded-[2px] ring-1 ring-ink/20" style={{ background: classColour(name) }} />
          {name}
        </button>
      ),
    },
    ...splits.map((split): Column<ClassRow> => ({ key: split, title: split, isNumber: true, cell: ({ of }) => ((of[split] ?? 0) === 0 ? <span className="font-medium text-warn">0</span> : number(of[split] ?? 0)) })),
    { key: "all", title: "All", isNumber: true, cell: ({ all }) => number(all) },
    { key: "share", title: "Share", isNumber: true, cell: ({ all }) => percent(all, counts.boxes) },
  ];
  const isCut = !isLong && rows.length > CLASSES_AT_FIRST + 1;
  return (
    <div className="flex flex-col items-start gap-[6px] [&>[role=region]]:w-full">
      <Table label="Boxes of each class" columns={columns} rows={isCut ? rows.slice(0, CLASSES_AT_FIRST) : rows} keyOf={({ name }) => name} />
      {rows.length > CLASSES_AT_FIRST + 1 && (
        <Button kind="quiet" size="small" icon={isLong ? "chevronUp" : "chevronDown"} onPress={() => setLong(!isLong)}>
          {isLong ? "Show fewer" : `Show all ${number(rows.length)} classes`}
        </Button>
      )}
    </div>
  );
}
