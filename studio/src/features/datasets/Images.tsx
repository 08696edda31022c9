// The images of a version as a grid, and what narrows them down.

import { useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { classColour } from "../../components/classes";
import { FrameGrid, type GridFrame } from "../../components/framegrid";
import { Button, EmptyState, ErrorState, Select, Skeleton, Toggle } from "../../components/ui";
import { SPLITS, type DatasetCard, type DatasetSample } from "../../api/datasets";
import { count } from "../../app/address";
import type { DatasetView } from "../../app/router";
import { useTaken } from "../../app/taken";
import { gridFrame } from "./boxes";
import { useSamples } from "./queries";
import { number } from "./words";

const ALL = "all";
const NONE: ReadonlySet<string> = new Set();
/** Tiles are so wide, and wider where the line is to be filled. */
const TILE = 230;

interface ImagesProps {
  card: DatasetCard;
  view: DatasetView;
  onView: (change: DatasetView) => void;
}

export function Images({ card, view, onView }: ImagesProps) {
  const { name, version, counts, classes } = card;
  const navigate = useNavigate();
  const list = useSamples(name, version, view);
  const which = [name, version, view.split, view.class, view.state, view.only].join(" ");
  const [focus, setFocus] = useTaken(`dataset ${which}`, 0);
  // Tiles are drawn anew when their frame is another object: each is made once.
  const made = useMemo(() => new WeakMap<DatasetSample, GridFrame>(), []);
  const latest = useRef(list);
  latest.current = list;
  const frameAt = useCallback(
    (index: number) => {
      const sample = list.samples[index];
      if (sample === undefined) return undefined;
      let shown = made.get(sample);
      if (shown === undefined) made.set(sample, (shown = gridFrame(sample)));
      return shown;
    },
    [list.samples, made],
  );
  // Pages come one after the other: whoever jumps to the end waits for those between.
  const wanted = useRef(0);
  useEffect(() => {
    if (list.samples.length <= wanted.current) list.reach(wanted.current);
  }, [list]);
  const open = (index: number) => {
    const sample = list.samples[index];
    if (sample === undefined) return;
    setFocus(index);
    void navigate({ to: "/datasets/$name/$version/images/$image", params: { name, version: String(version), image: sample.name }, search: (old) => old });
  };
  const first = list.samples[0];
  const isNarrowed = [view.split, view.class, view.state, view.only].some((part) => part !== undefined);
  const clear = () => onView({ split: undefined, class: undefined, state: undefined, only: undefined });
  return (
    <div className="flex flex-col gap-[12px]">
      <div className="flex flex-wrap items-center gap-[8px]">
        <Select label="Split" hideLabel value={view.split ?? ALL} onChange={(split) => onView({ split: split === ALL ? undefined : split })} options={[{ value: ALL, label: "all splits" }, ...SPLITS.flatMap((split) => (counts.splits[split] === undefined ? [] : [{ value: split, label: split, detail: number(counts.splits[split].images) }]))]} className="w-[130px]" />
        <Select label="Class" hideLabel value={view.class ?? ALL} onChange={(name) => onView({ class: name === ALL ? undefined : name })} options={[{ value: ALL, label: "all classes" }, ...classes.map((name, at) => ({ value: name, label: name, detail: number(counts.classes[at] ?? 0) }))]} className="w-[170px]" />
        <Select
          label="State"
          hideLabel
          value={view.state ?? ALL}
          onChange={(state) => onView({ state: state === ALL ? undefined : state })}
          options={[
            { value: ALL, label: "all states" },
            { value: "labelled", label: "with boxes" },
            { value: "empty", label: "nothing on them", detail: number(counts.empty) },
            { value: "unlabelled", label: "nobody looked", detail: number(counts.unlabelled) },
          ]}
          className="w-[160px]"
        />
        <Toggle icon="alert" isOn={view.only === "findings"} onChange={(isOn) => onView({ only: isOn ? "findings" : undefined })}>
          Named by checks
        </Toggle>
        {isNarrowed && (
          <Button kind="quiet" icon="close" onPress={clear}>
            All images
          </Button>
        )}
        <span className="flex-1" />
        <span role="status" className="text-[12.5px] text-soft tabular-nums">
          {!list.isBusy && list.error === null && count(list.total, "image")}
        </span>
      </div>
      {list.error !== null ? (
        <ErrorState title="The images cannot be listed" onRetry={list.again}>
          {list.error.message}
        </ErrorState>
      ) : list.isBusy && first === undefined ? (
        <Skeleton className="h-[420px]" />
      ) : (
        <div className="h-[max(420px,calc(100vh-210px))] overflow-hidden rounded-[10px] border border-line bg-card">
          <FrameGrid
            label="Images of the dataset"
            total={list.total}
            dataKey={which}
            tileWidth={TILE}
            aspect={first === undefined || first.height === 0 ? 1.6 : Math.min(2.4, Math.max(1, first.width / first.height))}
            frameAt={frameAt}
            onVisible={(_, last) => {
              wanted.current = last;
              latest.current.reach(last);
            }}
            selected={NONE}
            onSelect={() => undefined}
            isSelectable={false}
            focusIndex={focus}
            onFocusIndex={setFocus}
            onOpen={open}
            click="open"
            colourOf={classColour}
            empty={
              <EmptyState icon="search" title="No such image" action={isNarrowed && <Button onPress={clear}>Show all images</Button>}>
                {view.only === "findings" ? "Checks name no image that is also that." : "Nothing of this version is all of that."}
              </EmptyState>
            }
          />
        </div>
      )}
    </div>
  );
}
