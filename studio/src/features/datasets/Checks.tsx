// What checks found: the worst first, with images to look at.

import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { classColour } from "../../components/classes";
import { Badge, Button, EmptyState, ErrorState, Icon, Segmented, Skeleton, Spinner } from "../../components/ui";
import type { Closeness, DatasetCard, DatasetSample, Finding, FindingExample, Severity } from "../../api/datasets";
import { count } from "../../app/address";
import type { DatasetView } from "../../app/router";
import { sampleInWords } from "./boxes";
import { ImageName } from "./ImageName";
import { closenessOf, useChecks, useSample } from "./queries";
import { kindInWords, number, SEVERITIES } from "./words";

const ORDER: readonly Severity[] = ["error", "warning", "note"];

const CLOSENESS = [
  { value: "sizes", label: "Quick" },
  { value: "all", label: "All images read" },
] as const;

interface ChecksProps {
  card: DatasetCard;
  view: DatasetView;
  onView: (change: DatasetView) => void;
}

export function Checks({ card, view, onView }: ChecksProps) {
  const { name, version } = card;
  const closeness = closenessOf(view);
  const found = useChecks(name, version, view);
  const choice = (
    <Segmented label="How closely images are looked at" options={CLOSENESS} value={closeness} onChange={(to: Closeness) => onView({ images: to === "all" ? to : undefined })} />
  );
  if (found.isError) {
    return (
      <ErrorState title="Nothing could be checked" onRetry={() => void found.refetch()} isRetrying={found.isFetching}>
        {found.error.message}
      </ErrorState>
    );
  }
  if (found.data === undefined) {
    return (
      <div className="flex flex-col gap-[12px]">
        <div className="flex flex-wrap items-center gap-[10px]">
          {choice}
          <Doing card={card} closeness={closeness} />
        </div>
        <Skeleton className="h-[220px]" />
      </div>
    );
  }
  const { findings } = found.data;
  const of = (severity: Severity) => findings.filter((finding) => finding.severity === severity);
  return (
    <div className="flex flex-col gap-[12px]">
      <div className="flex flex-wrap items-center gap-x-[12px] gap-y-[8px]">
        {choice}
        {found.isFetching ? <Doing card={card} closeness={closeness} /> : <Done card={card} closeness={closeness} at={found.dataUpdatedAt} />}
        <span className="flex-1" />
        <Button icon="refresh" isBusy={found.isFetching} onPress={() => void found.refetch()}>
          Run again
        </Button>
      </div>
      <div className="flex flex-wrap items-center gap-[8px]">
        {ORDER.map((severity) => {
          const { one, several, tone } = SEVERITIES[severity];
          const findings = of(severity).length;
          return (
            <Badge key={severity} tone={findings === 0 ? "neutral" : tone}>
              {count(findings, one, several)}
            </Badge>
          );
        })}
      </div>
      {findings.length === 0 ? (
        <EmptyState icon="check" title="Nothing was found">
          No image is in two splits, no box lies outside its image, and no class is rare.
        </EmptyState>
      ) : (
        <ul aria-label="Findings" className="flex flex-col gap-[10px]">
          {ORDER.flatMap(of).map((finding, at) => (
            <li key={`${finding.kind} ${at}`}>
              <FindingCard card={card} finding={finding} view={view} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

interface CloselyProps {
  card: DatasetCard;
  closeness: Closeness;
}

/** What takes so long. */
function Doing({ card: { counts }, closeness }: CloselyProps) {
  return (
    <p role="status" className="flex min-w-0 items-center gap-[8px] text-[12.5px] text-soft">
      <Spinner />
      {closeness === "all" ? `${count(counts.images, "image")} ${counts.images === 1 ? "is" : "are"} read and held against what was frozen; of many, this takes minutes` : "Boxes and splits are checked, and whether the images are there"}
    </p>
  );
}

function Done({ card: { counts }, closeness, at }: CloselyProps & { at: number }) {
  const time = new Date(at).toISOString().slice(11, 19);
  return (
    <p className="min-w-0 text-[12.5px] text-soft tabular-nums">
      {closeness === "all" ? `${counts.images === 1 ? "The image was" : `All ${number(counts.images)} images were`} read and held against what was frozen` : "Of images only whether they are there, with as many bytes"}, {time} UTC
    </p>
  );
}

/** Examples that are shown before "show all". */
const AT_FIRST = 6;

function FindingCard({ card: { name, version }, finding, view }: { card: DatasetCard; finding: Finding; view: DatasetView }) {
  const { tone, one } = SEVERITIES[finding.severity];
  const [isLong, setLong] = useState(false);
  const { examples } = finding;
  const isCut = !isLong && examples.length > AT_FIRST;
  return (
    <article className="rounded-[10px] border border-line bg-card px-[14px] py-[10px]">
      <header className="flex flex-wrap items-center gap-[8px]">
        <Badge tone={tone}>{one}</Badge>
        <h2 className="text-[13.5px] font-semibold first-letter:uppercase">{kindInWords(finding.kind)}</h2>
        <span className="text-[12.5px] text-soft tabular-nums">{number(finding.count)}</span>
      </header>
      <p className="max-w-[120ch] pt-[4px] text-[13px] wrap-anywhere">{finding.what}</p>
      {examples.length > 0 && (
        <ul aria-label={`Examples of ${kindInWords(finding.kind)}`} className="grid grid-cols-[repeat(auto-fill,minmax(160px,1fr))] gap-[10px] pt-[10px] max-sm:grid-cols-2">
          {(isCut ? examples.slice(0, AT_FIRST) : examples).map((example, at) => (
            <li key={`${example.image} ${at}`} className="min-w-0">
              <Example name={name} version={version} example={example} view={view} />
            </li>
          ))}
        </ul>
      )}
      {isCut && (
        <Button kind="quiet" size="small" icon="chevronDown" onPress={() => setLong(true)} className="mt-[6px]">
          {`Show all ${examples.length}`}
        </Button>
      )}
    </article>
  );
}

interface ExampleProps {
  name: string;
  version: number;
  example: FindingExample;
  view: DatasetView;
}

function Example({ name, version, example: { image, other, box_number, detail }, view: { images } }: ExampleProps) {
  const named = [...new Set([image, other ?? ""])].filter((image) => image !== "");
  return (
    <figure className="flex h-full flex-col overflow-hidden rounded-[8px] border border-line">
      {/* A class that is on no image has none to show. */}
      {named.length > 0 && (
        <div className="flex gap-px bg-sunken">
          {named.map((image) => (
            <Link key={image} to="/datasets/$name/$version/images/$image" params={{ name, version: String(version), image }} search={{ tab: "checks", only: "findings", images }} aria-label={image} title={image} className="relative block aspect-[16/10] min-w-0 flex-1 -outline-offset-2 hover:brightness-110">
              <Thumbnail name={name} version={version} image={image} box={box_number} />
            </Link>
          ))}
        </div>
      )}
      <figcaption className="flex flex-1 flex-col px-[8px] py-[5px] text-[12px]">
        {named.map((image) => (
          <Name key={image} name={name} version={version} image={image} />
        ))}
        <span className="wrap-anywhere">
          {box_number != null && `box ${box_number + 1}: `}
          {/* The images of an import may be of a group without a name. */}
          {detail.replace(/^: /, "")}
        </span>
      </figcaption>
    </figure>
  );
}

interface OfImage {
  name: string;
  version: number;
  image: string;
}

function Name({ name, version, image }: OfImage) {
  const { data } = useSample(name, version, image);
  if (data?.frame == null) return <ImageName name={image} className="text-soft" />;
  return (
    <span title={image} className="truncate text-soft">
      {sampleInWords(data)}
    </span>
  );
}

/** Who asks by the sample gets the image that they may see. */
function Thumbnail({ name, version, image, box }: OfImage & { box: number | null | undefined }) {
  const [isBroken, setBroken] = useState(false);
  const found = useSample(name, version, image);
  if (found.isPending) return <Skeleton className="size-full rounded-none" />;
  if (isBroken || found.data == null) {
    return (
      <span className="grid size-full place-items-center text-soft">
        <Icon name="camera" />
        <span className="sr-only">no image here</span>
      </span>
    );
  }
  const isWhole = box != null;
  return (
    <>
      {/* Whole where a box is meant, for it may be at the rim. */}
      <img src={found.data.thumbnail_url} alt="" loading="lazy" decoding="async" onError={() => setBroken(true)} className={`size-full ${isWhole ? "object-contain" : "object-cover"}`} />
      {isWhole && <Meant sample={found.data} box={box} />}
    </>
  );
}

/** The box that a finding is about. */
function Meant({ sample: { width, height, boxes }, box }: { sample: DatasetSample; box: number }) {
  const meant = boxes?.[box];
  if (meant === undefined || width === 0 || height === 0) return null;
  return (
    <svg aria-hidden="true" viewBox={`0 0 ${width} ${height}`} className="absolute inset-0 size-full" fill="none">
      <rect x={meant.left} y={meant.top} width={meant.width} height={meant.height} stroke={classColour(meant.class)} strokeWidth={2} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
