// One image of a dataset with its boxes, and what is known of it.

import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useState, type ReactNode } from "react";
import { BoxView } from "../../components/boxview";
import { classColour } from "../../components/classes";
import { useShortcut } from "../../components/shell";
import { Badge, Button, cx, EmptyState, ErrorState, Icon, IconButton, Skeleton, Toggle } from "../../components/ui";
import { ZoomView } from "../../components/zoom";
import type { DatasetSample, SampleBox } from "../../api/datasets";
import { useMay } from "../../api/hooks";
import { frameParams, inUtc } from "../../app/address";
import { usePageKeys, type KeyRow } from "../../app/keys";
import { LINK_BUTTON, Page } from "../../app/Page";
import type { DatasetView } from "../../app/router";
import { useTitle } from "../../app/title";
import { shownBoxes } from "./boxes";
import { useChecks, useSample, useSamples } from "./queries";
import { SplitName } from "./Splits";
import { number, SEVERITIES, stateOf } from "./words";

const route = getRouteApi("/datasets/$name/$version/images/$image");

const KEYS: readonly KeyRow[] = [
  { keys: ["J", "ArrowRight"], does: "the next image of the list" },
  { keys: ["K", "ArrowLeft"], does: "the one before" },
  { keys: ["L"], does: "show or hide the boxes" },
  { keys: ["+", "-"], does: "larger, smaller" },
  { keys: ["F"], does: "all of the image" },
  { keys: ["Escape"], does: "nothing selected, then back to the dataset" },
];

/** Whoever comes by a link to an image further down goes on by the list again. */
const MOST_LISTED = 5000;

export function SamplePage() {
  const { name, version: text, image } = route.useParams();
  const view = route.useSearch();
  const version = Number(text);
  useTitle(`${image}, ${name}@${text}`);
  const found = useSample(name, version, image);
  const back = (
    <Link to="/datasets/$name/$version" params={{ name, version: text }} search={view} className={LINK_BUTTON.plain}>
      To the dataset
    </Link>
  );
  if (found.isError || found.data === null) {
    return (
      <Page title={image} actions={back}>
        <ErrorState title="This image cannot be shown" onRetry={() => void found.refetch()} isRetrying={found.isFetching}>
          {found.error?.message ?? `${name}@${text} has no image of this name.`}
        </ErrorState>
      </Page>
    );
  }
  if (found.data === undefined) {
    return (
      <div className="h-full p-[16px]" aria-busy="true">
        <h1 className="sr-only">{image}</h1>
        <Skeleton className="h-full" />
      </div>
    );
  }
  return <Sample key={image} name={name} version={version} sample={found.data} view={view} />;
}

interface SampleProps {
  name: string;
  version: number;
  sample: DatasetSample;
  view: DatasetView;
}

function Sample({ name, version, sample, view }: SampleProps) {
  const navigate = useNavigate();
  const [selected, setSelected] = useState<string | null>(null);
  const [hovered, setHovered] = useState<string | null>(null);
  const [hasBoxes, setHasBoxes] = useState(true);
  // A frame without an anonymised copy has none to show but the raw one.
  const [isRaw, setRaw] = useState(false);
  const [brokenUrl, setBrokenUrl] = useState<string | null>(null);
  const mayRaw = useMay("see_raw");
  const image = isRaw ? `${sample.image_url}?which=raw` : sample.image_url;
  const isBroken = brokenUrl === image;
  const boxes = useMemo(() => shownBoxes(sample), [sample]);
  const list = useSamples(name, version, view);
  const place = list.samples.findIndex((other) => other?.name === sample.name);
  const before = place > 0 ? list.samples[place - 1] : undefined;
  const after = place === -1 ? undefined : list.samples[place + 1];
  // The list is in the order of the numbers: as long as it ends before this one, it goes on.
  const isAhead = place === -1 && (list.samples.at(-1)?.number ?? Infinity) < sample.number;
  useEffect(() => {
    if (place !== -1) list.reach(place + 2);
    else if (isAhead && list.samples.length < MOST_LISTED) list.reach(list.samples.length);
  }, [isAhead, list, place]);
  useEffect(() => {
    for (const near of [after, before]) if (near !== undefined) new Image().src = near.image_url;
  }, [after, before]);
  const params = { name, version: String(version) };
  const go = (to: DatasetSample | undefined) => to !== undefined && void navigate({ to: "/datasets/$name/$version/images/$image", params: { ...params, image: to.name }, search: view });
  useShortcut("j", () => go(after));
  useShortcut("k", () => go(before));
  useShortcut("ArrowRight", () => go(after));
  useShortcut("ArrowLeft", () => go(before));
  useShortcut("l", () => setHasBoxes(!hasBoxes));
  useShortcut("Escape", () => (selected === null ? void navigate({ to: "/datasets/$name/$version", params, search: view }) : setSelected(null)));
  usePageKeys("Image of a dataset", KEYS);
  return (
    <div className="flex h-full min-h-0 flex-col">
      <header className="flex min-h-[47px] flex-wrap items-center gap-x-[12px] gap-y-[6px] border-b border-line bg-card px-[14px] py-[8px]">
        <Link to="/datasets/$name/$version" params={params} search={view} className="flex items-center gap-[6px] rounded-[5px] text-[13px] text-soft hover:text-ink">
          <Icon name="chevronLeft" size={14} /> {name}@{version}
        </Link>
        <h1 className="min-w-0 text-[14px] font-semibold wrap-anywhere">{sample.name}</h1>
        <span className="flex-1" />
        {sample.frame != null && (
          <Link to="/frames/$recording/$camera/$sequence" params={frameParams(sample.frame)} search={{}} className={LINK_BUTTON.plain}>
            <Icon name="camera" size={14} /> Its frame
          </Link>
        )}
        <Toggle icon={hasBoxes ? "eye" : "eyeOff"} isOn={hasBoxes} onChange={setHasBoxes}>
          Boxes
        </Toggle>
        <span className="flex items-center gap-[4px] text-[12.5px] text-soft tabular-nums">
          <IconButton size="small" icon="chevronLeft" label="The image before" shortcut="K" isDisabled={before === undefined} onPress={() => go(before)} />
          {place === -1 ? (isAhead || list.isBusy ? "…" : "not in this list") : `${number(place + 1)} of ${number(list.total)}`}
          <IconButton size="small" icon="chevronRight" label="The next image" shortcut="J" isDisabled={after === undefined} onPress={() => go(after)} />
        </span>
      </header>
      <div className="flex min-h-0 flex-1 max-md:flex-col max-md:overflow-y-auto">
        <div className="relative min-h-[280px] min-w-0 flex-1 bg-sunken">
          {isBroken ? (
            <EmptyState icon="shield" title="There is no image here" action={mayRaw && sample.frame != null && !isRaw && <Button onPress={() => setRaw(true)}>Show the raw image</Button>}>
              It is gone, or has no anonymised copy, or you may not see it as it was taken. The boxes beside are as the dataset has them.
            </EmptyState>
          ) : (
            <ZoomView width={Math.max(1, sample.width)} height={Math.max(1, sample.height)}>
              <BoxView src={image} alt={`${sample.name}: ${stateOf(sample)}`} width={Math.max(1, sample.width)} height={Math.max(1, sample.height)} boxes={hasBoxes ? boxes : []} selectedKey={selected} hoveredKey={hovered} onSelect={setSelected} onHover={setHovered} showLabels className="h-full" />
            </ZoomView>
          )}
          <img src={image} alt="" hidden onError={() => setBrokenUrl(image)} />
        </div>
        <aside aria-label="About this image" className="w-full shrink-0 overflow-y-auto border-line bg-card max-md:border-t md:w-[324px] md:border-l">
          <Found name={name} version={version} sample={sample} view={view} onBox={(box) => setSelected(`b${box}`)} />
          <Part title="Boxes" about={stateOf(sample)}>
            <BoxList boxes={sample.boxes} selected={selected} onSelect={setSelected} onHover={setHovered} />
          </Part>
          <Part title="Image">
            <Details sample={sample} />
          </Part>
        </aside>
      </div>
    </div>
  );
}

function Part({ title, about, children }: { title: string; about?: string; children: ReactNode }) {
  return (
    <section className="border-b border-line px-[14px] py-[12px] last:border-b-0">
      <header className="flex items-baseline gap-[8px] pb-[6px]">
        <h2 className="text-[12.5px] font-semibold">{title}</h2>
        {about !== undefined && <p className="text-[12px] text-soft tabular-nums">{about}</p>}
      </header>
      {children}
    </section>
  );
}

/** What checks say of this image. */
function Found({ name, version, sample, view, onBox }: SampleProps & { onBox: (box: number) => void }) {
  const checks = useChecks(name, version, view);
  const found = (checks.data?.findings ?? []).flatMap((finding) => finding.examples.filter(({ image, other }) => image === sample.name || other === sample.name).map((example) => ({ finding, example })));
  if (found.length === 0) return null;
  return (
    <Part title="Checks say">
      <ul className="flex flex-col gap-[8px] text-[12.5px]">
        {found.map(({ finding, example }, at) => {
          const other = example.other == null ? undefined : example.image === sample.name ? example.other : example.image;
          const box = example.image === sample.name ? example.box_number : undefined;
          return (
            <li key={`${finding.kind} ${at}`} className="flex gap-[8px]">
              <Badge tone={SEVERITIES[finding.severity].tone}>{SEVERITIES[finding.severity].one}</Badge>
              <span className="min-w-0 wrap-anywhere">
                {example.detail}{" "}
                {box != null && (
                  <button type="button" onClick={() => onBox(box)} className="rounded-[4px] text-accent underline">
                    box {box + 1}
                  </button>
                )}
                {other !== undefined && other !== sample.name && (
                  <Link to="/datasets/$name/$version/images/$image" params={{ name, version: String(version), image: other }} search={view} className="text-accent underline">
                    {other}
                  </Link>
                )}
              </span>
            </li>
          );
        })}
      </ul>
    </Part>
  );
}

interface BoxListProps {
  boxes: readonly SampleBox[] | null | undefined;
  selected: string | null;
  onSelect: (key: string | null) => void;
  onHover: (key: string | null) => void;
}

const pixels = (value: number) => String(Math.round(value * 100) / 100);

function BoxList({ boxes, selected, onSelect, onHover }: BoxListProps) {
  if (boxes == null) return <p className="text-[12.5px] text-soft">It is in the dataset without labels. Most formats leave it out: training would take it for empty.</p>;
  if (boxes.length === 0) return <p className="text-[12.5px] text-soft">Somebody looked, and there is nothing of any class.</p>;
  return (
    <ul aria-label="Boxes">
      {boxes.map((box, place) => {
        const key = `b${place}`;
        const attributes = Object.entries(box.attributes ?? {});
        return (
          <li key={key}>
            <button
              type="button"
              aria-pressed={key === selected}
              onClick={() => onSelect(key === selected ? null : key)}
              onMouseEnter={() => onHover(key)}
              onMouseLeave={() => onHover(null)}
              onFocus={() => onHover(key)}
              onBlur={() => onHover(null)}
              className={cx("flex w-full flex-col rounded-[5px] px-[6px] py-[4px] text-left text-[12.5px] hover:bg-ink/5", key === selected && "bg-accent-wash")}
            >
              <span className="flex w-full items-center gap-[8px]">
                <span className="size-[9px] shrink-0 rounded-[2px] ring-1 ring-ink/20" style={{ background: classColour(box.class) }} />
                <span className="min-w-0 flex-1 truncate">{box.class}</span>
                <span className="text-[11.5px] whitespace-nowrap text-soft tabular-nums">
                  {pixels(box.width)} × {pixels(box.height)}
                </span>
                {box.confidence != null && <span className="w-[38px] text-right text-soft tabular-nums">{box.confidence.toFixed(2)}</span>}
              </span>
              {attributes.length > 0 && <span className="pl-[17px] text-[11.5px] text-soft">{attributes.map(([name, value]) => (value === true ? name : `${name}: ${value === false ? "no" : value}`)).join(", ")}</span>}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function Details({ sample }: { sample: DatasetSample }) {
  const { frame } = sample;
  const facts: [string, ReactNode][] = [
    ["Split", <SplitName key="split" split={sample.split} />],
    ...(sample.group === "" ? [] : [["Group", sample.group] as [string, ReactNode]]),
    ["Size", `${sample.width} × ${sample.height}`],
    ["Place", `#${number(sample.number)}`],
    ...(sample.taken_at == null ? [] : [["Taken at", inUtc(sample.taken_at)] as [string, ReactNode]]),
    ...(frame == null
      ? []
      : [
          [
            "Frame",
            <Link key="frame" to="/frames/$recording/$camera/$sequence" params={frameParams(frame)} search={{}} className="text-accent hover:underline">
              {`${frame.recording}, ${frame.camera} #${frame.sequence}`}
            </Link>,
          ] as [string, ReactNode],
        ]),
  ];
  return (
    <dl className="grid grid-cols-[76px_minmax(0,1fr)] gap-x-[10px] gap-y-[5px] text-[12.5px]">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-soft">{name}</dt>
          <dd className="wrap-anywhere tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
