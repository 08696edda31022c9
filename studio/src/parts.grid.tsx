import { useMemo, useReducer, useState } from "react";
import { applySelection, FrameGrid, type SelectionChange } from "./components/framegrid";
import { Badge, EmptyState, Button, Segmented, Slider, Toggle } from "./components/ui";
import { MadePages } from "./parts.data";

const TOTALS = { "100 000": 100_000, "1 000 000": 1_000_000, none: 0 } as const;

export function GridPage() {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const pages = useMemo(() => new MadePages(60, redraw), []);
  const [size, setSize] = useState<keyof typeof TOTALS>("100 000");
  const [tileWidth, setTileWidth] = useState(200);
  const [minConfidence, setMinConfidence] = useState(0);
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const [focusIndex, setFocusIndex] = useState(0);
  const [opened, setOpened] = useState<number | null>(null);
  const [withBoxes, setWithBoxes] = useState(true);
  const total = TOTALS[size];
  const onSelect = (change: SelectionChange) => setSelected(applySelection(selected, change, total, pages.at).selected);
  // For the measurement: every tile is a full one, as if the server were instant.
  Object.assign(window, { fillPages: (count: number) => pages.fill(count), gridState: { selected: selected.size, focusIndex, opened } });
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex flex-wrap items-center gap-x-[16px] gap-y-[8px] border-b border-line bg-card px-[12px] py-[8px]">
        <Segmented label="How many frames" value={size} onChange={setSize} options={(Object.keys(TOTALS) as (keyof typeof TOTALS)[]).map((value) => ({ value, label: value }))} />
        <span className="text-[12px] text-soft">Size</span>
        <Slider isBare label="Size of the tiles" className="w-[120px]" min={120} max={480} step={10} value={tileWidth} onChange={setTileWidth} format={(value) => `${value} pixels`} />
        <span className="text-[12px] text-soft">Confidence</span>
        <Slider isBare label="Least confidence" className="w-[120px]" value={minConfidence} onChange={setMinConfidence} format={(value) => `${Math.round(value * 100)} %`} />
        <Toggle icon="box" isOn={withBoxes} onChange={setWithBoxes}>
          Boxes
        </Toggle>
        <span className="ml-auto flex items-center gap-[8px] text-[12px] text-soft tabular-nums">
          {opened !== null && <Badge tone="accent">opened {opened}</Badge>}
          {selected.size > 0 && <Badge tone="accent">{selected.size} selected</Badge>}
          frame {focusIndex + 1} of {total.toLocaleString("en")}
        </span>
      </div>
      <div className="min-h-0 flex-1">
        <FrameGrid
          label="Frames"
          total={total}
          dataKey={size}
          tileWidth={tileWidth}
          frameAt={pages.at}
          onVisible={(first, last) => pages.ask(first, last)}
          selected={selected}
          onSelect={onSelect}
          focusIndex={focusIndex}
          onFocusIndex={setFocusIndex}
          onOpen={setOpened}
          minConfidence={withBoxes ? minConfidence : 2}
          empty={
            <EmptyState icon="search" title="No frame matches" action={<Button onPress={() => setSize("100 000")}>Clear the filter</Button>}>
              Nothing in the catalog is a hit of this filter. Lower the confidence, or take a wider time.
            </EmptyState>
          }
        />
      </div>
    </div>
  );
}
