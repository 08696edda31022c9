// What there is in the frames that match, by label, camera, recording, tag, time of day: each
// a click away from the filter.

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useMemo, useState } from "react";
import { BarList, type BarItem } from "../../components/charts/BarList";
import { Histogram } from "../../components/charts/Histogram";
import { classColour } from "../../components/classes";
import { cx, Icon, Segmented, Skeleton } from "../../components/ui";
import { useConfidences, useCounts, useMay, useSelections, useVocabulary } from "../../api/hooks";
import {
  chooseConfidence, chooseLabel, chooseValue, clausesOf, hasLabelClause, labelChoice, leastConfidence, quote, valueChoice, type Choice,
} from "../../filter/clauses";
import { useSetting } from "../../app/settings";

interface FacetsProps {
  filter: string;
  onFilter: (filter: string) => void;
  /** Boxes less sure are not drawn. */
  confidence: number;
  onConfidence: (confidence: number) => void;
  /** Nothing can be counted: why, in words. */
  trouble: string | null;
}

export function Facets({ filter, onFilter, confidence, onConfidence, trouble }: FacetsProps) {
  const clauses = useMemo(() => clausesOf(filter), [filter]);
  const columns = useVocabulary().data?.columns ?? [];
  // Of attached tables, and few enough values to be chosen from.
  const attached = columns.filter((column) => column.name.includes(".") && (column.kind === "text" || column.kind === "truth"));
  if (trouble !== null) return <p className="px-[16px] py-[14px] text-[12.5px] text-soft">{trouble}</p>;
  return (
    <div className="pb-[24px]">
      <Facet title="Labels" isOpen>
        <Labels filter={filter} clauses={clauses} onFilter={onFilter} />
      </Facet>
      <Facet title="Confidence" isOpen>
        <Confidence filter={filter} clauses={clauses} onFilter={onFilter} confidence={confidence} onConfidence={onConfidence} />
      </Facet>
      <Facet title="Cameras" isOpen>
        <Values column="camera" filter={filter} clauses={clauses} onFilter={onFilter} />
      </Facet>
      <Facet title="Recordings" isOpen>
        <Values column="recording" filter={filter} clauses={clauses} onFilter={onFilter} />
      </Facet>
      <Facet title="Tags" isOpen>
        <Values column="tag" filter={filter} clauses={clauses} onFilter={onFilter} empty="No tags yet. Select frames and press T." />
      </Facet>
      <Facet title="Time of day">
        <Values column="tod" filter={filter} clauses={clauses} onFilter={onFilter} />
      </Facet>
      {attached.map(({ name }) => (
        <Facet key={name} title={name}>
          <Values column={name} filter={filter} clauses={clauses} onFilter={onFilter} />
        </Facet>
      ))}
      <Facet title="Saved selections">
        <Selections clauses={clauses} filter={filter} onFilter={onFilter} />
      </Facet>
    </div>
  );
}

function Facet({ title, isOpen = false, children }: { title: string; isOpen?: boolean; children: ReactNode }) {
  const [open, setOpen] = useSetting(`facet ${title}`, isOpen);
  return (
    <section className="border-b border-line px-[10px]">
      <h2>
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className="flex h-[36px] w-full items-center justify-between rounded-[5px] px-[6px] text-left text-[12.5px] font-semibold text-ink">
          {title}
          <span className="text-faint">
            <Icon name={open ? "chevronUp" : "chevronDown"} size={14} />
          </span>
        </button>
      </h2>
      {open && <div className="pb-[10px]">{children}</div>}
    </section>
  );
}

interface ListProps {
  filter: string;
  clauses: readonly string[];
  onFilter: (filter: string) => void;
}

function Labels({ filter, clauses, onFilter }: ListProps) {
  const counts = useCounts(filter, "label");
  const everything = useVocabulary().data?.labels;
  if (counts.data === undefined) return <Waiting isOver={counts.isError} />;
  const items: BarItem[] = counts.data.groups.map(({ value, count }) => ({
    key: value,
    label: value,
    count,
    colour: classColour(value),
    state: labelChoice(clauses, value),
  }));
  // What was left out is not among the hits; it can be taken back here all the same.
  for (const { name } of everything ?? []) {
    const state = labelChoice(clauses, name);
    if (state !== null && !items.some((item) => item.key === name)) items.push({ key: name, label: name, count: 0, colour: classColour(name), state });
  }
  if (items.length === 0) return <Nothing>No model has found anything here.</Nothing>;
  return <BarList label="labels" items={items} onState={(label, state) => onFilter(chooseLabel(filter, label, state))} />;
}

function Values({ column, filter, clauses, onFilter, empty }: ListProps & { column: string; empty?: string }) {
  const counts = useCounts(filter, column);
  if (counts.data === undefined) return <Waiting isOver={counts.isError} />;
  const items: BarItem[] = counts.data.groups.map(({ value, count }) => ({ key: value, label: value, count, state: valueChoice(clauses, column, value) }));
  for (const value of chosenValues(clauses, column)) {
    if (!items.some((item) => item.key === value)) items.push({ key: value, label: value, count: 0, state: valueChoice(clauses, column, value) });
  }
  if (items.length === 0) return <Nothing>{empty ?? "Nothing here."}</Nothing>;
  return <BarList label={column} items={items} onState={(value, state: Choice) => onFilter(chooseValue(filter, column, value, state))} />;
}

/** Values that clauses name and that may have no hit. */
function chosenValues(clauses: readonly string[], column: string): string[] {
  const quoted = [...clauses.join(" and ").matchAll(/"((?:[^"\\]|\\.)*)"|([\p{L}\p{N}_:.-]+)/gu)];
  const words = quoted.map(([, inQuotes, plain]) => inQuotes?.replace(/\\(.)/g, "$1") ?? plain ?? "");
  return [...new Set(words)].filter((word) => valueChoice(clauses, column, word) !== null);
}

function Confidence({ filter, clauses, onFilter, confidence, onConfidence }: Omit<FacetsProps, "trouble"> & { clauses: readonly string[] }) {
  const [mode, setMode] = useSetting<"boxes" | "frames">("confidence hides", "boxes");
  const bins = useConfidences(filter).data?.bins ?? [];
  const asked = leastConfidence(clauses) ?? 0;
  const value = mode === "boxes" ? confidence : asked;
  const [drawn, setDrawn] = useState<number | null>(null);
  const canAsk = hasLabelClause(clauses);
  const done = (value: number) => {
    setDrawn(null);
    const rounded = Math.round(value * 100) / 100;
    if (mode === "boxes") onConfidence(rounded);
    else if (canAsk) onFilter(chooseConfidence(filter, rounded === 0 ? null : rounded));
  };
  return (
    <div className="flex flex-col gap-[8px] px-[6px]">
      <Histogram label="Detections by confidence" counts={bins} value={drawn ?? value} onChange={setDrawn} onDone={done} />
      <Segmented
        label="What less confidence hides"
        value={mode}
        onChange={(mode) => setMode(mode)}
        options={[
          { value: "boxes", label: "Hide boxes" },
          { value: "frames", label: "Hide frames" },
        ]}
      />
      {mode === "frames" && !canAsk && <Nothing>Choose a label above: frames without one as sure as this are then left out.</Nothing>}
    </div>
  );
}

function Selections({ clauses, filter, onFilter }: ListProps) {
  const selections = useSelections();
  const mayEdit = useMay("edit");
  if (selections.data === undefined) return <Waiting isOver={selections.isError} />;
  if (selections.data.length === 0) return <Nothing>None yet. “Save…” above the grid keeps these frames under a name.</Nothing>;
  return (
    <ul>
      {selections.data.map(({ name, version, frames }) => {
        const isIn = valueChoice(clauses, "selection", name) === "in";
        return (
          <li key={name} className="group/selection flex items-center">
            <button
              type="button"
              aria-pressed={isIn}
              onClick={() => onFilter(isIn ? chooseValue(filter, "selection", name, null) : `selection = ${quote(name)}`)}
              className={cx("flex h-[27px] min-w-0 flex-1 items-center justify-between gap-[8px] rounded-[5px] px-[6px] text-left text-[12.5px] hover:bg-ink/5", isIn && "bg-accent-wash text-accent")}
            >
              <span className="truncate">
                {name} <span className="text-faint">v{version}</span>
              </span>
              <span className="tabular-nums text-soft">{frames.toLocaleString("en")}</span>
            </button>
            {mayEdit && (
              <Link to="/jobs/new" search={{ filter: `selection = ${quote(name)}` }} aria-label={`Label ${name}…`} className="shrink-0 rounded-[5px] px-[6px] py-[3px] text-[12px] text-accent opacity-0 group-focus-within/selection:opacity-100 group-hover/selection:opacity-100 hover:underline [@media(hover:none)]:opacity-100">
                Label…
              </Link>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function Waiting({ isOver }: { isOver: boolean }) {
  if (isOver) return <Nothing>Not known.</Nothing>;
  return (
    <div className="flex flex-col gap-[6px] px-[6px]">
      <Skeleton className="h-[18px]" />
      <Skeleton className="h-[18px] w-4/5" />
      <Skeleton className="h-[18px] w-3/5" />
    </div>
  );
}

function Nothing({ children }: { children: ReactNode }) {
  return <p className="px-[6px] text-[12px] text-soft">{children}</p>;
}
