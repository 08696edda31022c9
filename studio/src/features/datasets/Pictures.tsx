// Statistics as pictures: classes, sizes, shapes and places of boxes.

import { useState, type ReactNode } from "react";
import { BarRows, Bars, HeatMap, Legend, type BarSeries } from "../../components/charts";
import { classColour } from "../../components/classes";
import { Button, EmptyState, ErrorState, Select, Skeleton, Toggle } from "../../components/ui";
import { SPLITS, type ClassStatistics, type DatasetCard, type DatasetStatistics } from "../../api/datasets";
import { count } from "../../app/address";
import { Card } from "../../app/Page";
import { aspectWords, countWords, pixelWords, shareWords, sureWords, trimmed, type Words } from "./histograms";
import { useStatistics } from "./queries";
import { SPLIT_COLOURS } from "./Splits";
import { number } from "./words";

/** Classes that are shown before "show all". */
const CLASSES_AT_FIRST = 14;
/** The last bin of boxes per image: so many and more. */
const MOST_BOXES = 50;
const ALL = "all";

const one = (counts: readonly number[], name: string): BarSeries[] => [{ name, colour: "var(--accent)", values: counts }];

export function Pictures({ card }: { card: DatasetCard }) {
  const found = useStatistics(card.name, card.version);
  if (found.isError) {
    return (
      <ErrorState title="Nothing can be drawn" onRetry={() => void found.refetch()} isRetrying={found.isFetching}>
        {found.error.message}
      </ErrorState>
    );
  }
  if (found.data === undefined) return <Skeleton className="h-[420px]" />;
  const statistics = found.data;
  const { confidence } = statistics;
  const sure = confidence == null ? 0 : confidence.counts.reduce((sum, count) => sum + count, 0);
  const pixels = trimmed(statistics.box_size_pixels);
  const share = trimmed(statistics.box_size_share);
  const aspect = trimmed(statistics.aspect_ratio);
  const each = trimmed(statistics.boxes_per_image, true);
  return (
    <div className="grid items-start gap-[16px] lg:grid-cols-2">
      <Classes statistics={statistics} />
      <Sizes classes={statistics.classes} />
      <Scaled title="Boxes on an image" about="of those that somebody looked at" words={countWords(each, MOST_BOXES)} counts={each.counts} name="images" />
      <Positions statistics={statistics} classes={card.classes} />
      <Scaled title="Sizes of boxes" about="the root of their area, in pixels" words={pixelWords(pixels)} counts={pixels.counts} name="boxes" />
      <Scaled title="Sizes of boxes in their images" about="their share of the image's area, in percent" words={shareWords(share)} counts={share.counts} name="boxes" />
      <Scaled title="Shapes of boxes" about="width to height; the ends hold what is beyond" words={aspectWords(aspect)} counts={aspect.counts} name="boxes" />
      {confidence != null && <Scaled title="How sure they are" about={`${count(sure, "box", "boxes")} that say it`} words={sureWords(confidence)} counts={confidence.counts} name="boxes" />}
      <Card title="Sizes of images" about={statistics.image_sizes_in_all > statistics.image_sizes.length ? `the ${statistics.image_sizes.length} most frequent of ${number(statistics.image_sizes_in_all)}` : undefined}>
        <div className="p-[14px]">
          <BarRows label="Sizes of images" labels={statistics.image_sizes.map(({ width, height }) => `${width} × ${height}`)} series={one(statistics.image_sizes.map(({ images }) => images), "images")} />
        </div>
      </Card>
      <Card title="Images of each group" about={statistics.groups_in_all > statistics.groups.length ? `the ${statistics.groups.length} largest of ${number(statistics.groups_in_all)}` : "what is kept together, recordings mostly"}>
        <div className="p-[14px]">
          <BarRows label="Images of each group" labels={statistics.groups.map(({ name }) => (name === "" ? "without a name" : name))} series={one(statistics.groups.map(({ images }) => images), "images")} />
        </div>
      </Card>
    </div>
  );
}

interface ScaledProps {
  title: string;
  about: string;
  words: Words;
  counts: readonly number[];
  name: string;
}

/** Bars of which few may be far higher than all others. */
function Scaled({ title, about, words, counts, name }: ScaledProps) {
  const [isLog, setLog] = useState(false);
  return (
    <Picture title={title} about={about} isLog={isLog} onLog={setLog}>
      {counts.length === 0 ? <None /> : <Bars label={`${title}, ${name}`} labels={words.labels} titles={words.titles} series={one(counts, name)} isLog={isLog} />}
    </Picture>
  );
}

const None = () => <EmptyState icon="chart" title="There is none" />;

interface PictureProps {
  title: string;
  about?: string;
  isLog: boolean;
  onLog: (isLog: boolean) => void;
  children: ReactNode;
}

function Picture({ title, about, isLog, onLog, children }: PictureProps) {
  return (
    <section aria-label={title} className="min-w-0 rounded-[10px] border border-line bg-card">
      <header className="flex min-h-[46px] items-center gap-[10px] border-b border-line px-[16px] py-[7px]">
        <Title title={title} about={about} />
        <Toggle isOn={isLog} onChange={onLog}>
          Log
        </Toggle>
      </header>
      <div className="p-[14px]">{children}</div>
    </section>
  );
}

/** What is beside it stays beside it on a narrow screen. */
function Title({ title, about }: { title: string; about: string | undefined }) {
  return (
    <div className="flex min-w-0 flex-1 flex-wrap items-baseline gap-x-[10px]">
      <h2 className="text-[13.5px] font-semibold">{title}</h2>
      {about !== undefined && <p className="text-[12.5px] text-soft">{about}</p>}
    </div>
  );
}

function Cut({ rows, isLong, onLong }: { rows: number; isLong: boolean; onLong: (isLong: boolean) => void }) {
  if (rows <= CLASSES_AT_FIRST + 1) return null;
  return (
    <Button kind="quiet" size="small" icon={isLong ? "chevronUp" : "chevronDown"} onPress={() => onLong(!isLong)}>
      {isLong ? "Show fewer" : `Show all ${number(rows)}`}
    </Button>
  );
}

/** The most frequent first; all of them where that is wished for. */
function useMost(classes: readonly ClassStatistics[]) {
  const [isLong, setLong] = useState(false);
  const sorted = [...classes].sort((a, b) => b.boxes - a.boxes);
  const isCut = !isLong && sorted.length > CLASSES_AT_FIRST + 1;
  return { shown: isCut ? sorted.slice(0, CLASSES_AT_FIRST) : sorted, cut: <Cut rows={sorted.length} isLong={isLong} onLong={setLong} /> };
}

function Classes({ statistics }: { statistics: DatasetStatistics }) {
  const { shown, cut } = useMost(statistics.classes);
  const series = SPLITS.flatMap((split, at) => (statistics.splits[split] === undefined ? [] : [{ name: split, colour: SPLIT_COLOURS[split], values: shown.map(({ boxes_of_splits }) => boxes_of_splits[at] ?? 0) }]));
  return (
    <Card title="Classes" about="boxes in each split">
      <div className="flex flex-col gap-[10px] p-[14px]">
        <Legend series={series} />
        <BarRows label="Boxes of each class" labels={shown.map(({ name }) => name)} series={series} colourOf={classColour} />
        {cut}
      </div>
    </Card>
  );
}

const COCO_SIZES = [
  { key: "small", name: "small, below 32² px", colour: "color-mix(in oklab, var(--accent) 35%, var(--card))" },
  { key: "medium", name: "medium, below 96² px", colour: "color-mix(in oklab, var(--accent) 65%, var(--card))" },
  { key: "large", name: "large", colour: "var(--accent)" },
] as const;

function Sizes({ classes }: { classes: readonly ClassStatistics[] }) {
  const { shown, cut } = useMost(classes);
  const series = COCO_SIZES.map(({ key, name, colour }) => ({ name, colour, values: shown.map((one) => one[key]) }));
  return (
    <Card title="Small and large" about="as COCO counts them">
      <div className="flex flex-col gap-[10px] p-[14px]">
        <Legend series={series} />
        <BarRows label="Sizes of the boxes of each class" labels={shown.map(({ name }) => name)} series={series} colourOf={classColour} />
        {cut}
      </div>
    </Card>
  );
}

function Positions({ statistics, classes }: { statistics: DatasetStatistics; classes: readonly string[] }) {
  const [chosen, setChosen] = useState(ALL);
  const { positions, positions_of_classes } = statistics;
  const map = positions_of_classes.find((of) => String(of.class) === chosen)?.positions ?? positions;
  const options = positions_of_classes.map((of) => ({ value: String(of.class), label: classes[of.class] ?? `class ${of.class}` }));
  const name = options.find(({ value }) => value === chosen)?.label ?? "boxes";
  const [usual] = statistics.image_sizes;
  // Most images have this shape: what is left of it is left on the map.
  const aspect = usual === undefined || usual.height === 0 ? 1.6 : Math.min(2.4, Math.max(0.7, usual.width / usual.height));
  return (
    <section aria-label="Where boxes are" className="min-w-0 rounded-[10px] border border-line bg-card">
      <header className="flex min-h-[46px] items-center gap-[10px] border-b border-line px-[16px] py-[7px]">
        <Title title="Where they are" about="the middles of boxes on the image" />
        <Select label="Class on the map" hideLabel value={chosen} onChange={setChosen} options={[{ value: ALL, label: "all classes" }, ...options]} className="w-[150px] shrink-0" />
      </header>
      <div className="flex justify-center p-[14px]">
        <HeatMap label={`Where ${name} are`} columns={map.columns} rows={map.rows} values={map.counts} aspect={aspect} />
      </div>
    </section>
  );
}
