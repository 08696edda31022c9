// One frame: its image with boxes, all that is known of it, and what comes before and after.

import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { BoxView } from "../../components/boxview";
import { Kbd, useShortcut } from "../../components/shell";
import { Badge, Button, EmptyState, ErrorState, Icon, IconButton, Segmented, Skeleton, Tabs } from "../../components/ui";
import { ZoomView } from "../../components/zoom";
import { imageUrl, type FrameDetail, type FrameName, type Which } from "../../api/client";
import { useFrame, useMay } from "../../api/hooks";
import { confidenceOf, dateAndTime, frameParams, viewOf, type View } from "../../app/address";
import { shownBoxes } from "../../app/frames";
import { useKeysElsewhere, usePageKeys, type KeyRow } from "../../app/keys";
import { leave } from "../../app/taken";
import { LINK_BUTTON, Page } from "../../app/Page";
import { useTitle } from "../../app/title";
import { BoxesTab } from "./BoxesTab";
import { Details } from "./Details";
import { Drive } from "./Drive";
import { FrameTags } from "./FrameTags";
import { Judged } from "./Judged";
import { Lineage } from "./Lineage";
import { Neighbours } from "./Neighbours";

// Most who look at a frame edit nothing.
const FrameEditor = lazy(async () => ({ default: (await import("./FrameEditor")).FrameEditor }));
const FrameMap = lazy(async () => ({ default: (await import("./FrameMap")).FrameMap }));

const route = getRouteApi("/frames/$recording/$camera/$sequence");

const KEYS: readonly KeyRow[] = [
  { keys: ["ArrowLeft", "ArrowRight"], does: "the frame before, the frame after" },
  { keys: ["Shift+ArrowLeft", "Shift+ArrowRight"], does: "the hit before, the hit after" },
  { keys: ["E"], does: "edit the boxes" },
  { keys: ["R"], does: "the raw image, the anonymised one" },
  { keys: ["+", "-"], does: "larger, smaller" },
  { keys: ["F"], does: "all of the image" },
  { keys: ["T"], does: "tag this frame" },
  { keys: ["Escape"], does: "back to the catalog" },
];

export function FramePage() {
  const { recording, camera, sequence } = route.useParams();
  const view = viewOf(route.useSearch());
  const navigate = useNavigate();
  const name = useMemo(() => ({ recording, camera, sequence: Number(sequence) }), [camera, recording, sequence]);
  const found = useFrame(name, view.q);
  useTitle(`${camera} #${sequence}`);
  if (found.isError) {
    return (
      <Page
        title={`${camera} #${sequence}`}
        about={recording}
        actions={
          <Link to="/" search={view} className={LINK_BUTTON.plain}>
            <Icon name="grid" /> Catalog
          </Link>
        }
      >
        <ErrorState title="This frame cannot be shown" onRetry={() => void found.refetch()} isRetrying={found.isFetching}>
          {found.error.message}
        </ErrorState>
      </Page>
    );
  }
  if (found.data === undefined) return <Coming camera={camera} sequence={sequence} />;
  const go = (to: FrameName) => void navigate({ to: "/frames/$recording/$camera/$sequence", params: frameParams(to), search: view });
  const set = (change: Partial<View>) => void navigate({ to: ".", search: viewOf({ ...view, ...change }), replace: true });
  return <Frame frame={found.data} view={view} go={go} set={set} isOld={found.isPlaceholderData} />;
}

function Coming({ camera, sequence }: { camera: string; sequence: string }) {
  return (
    <div className="flex h-full flex-col" aria-busy="true">
      <h1 className="flex h-[47px] shrink-0 items-center border-b border-line bg-card px-[14px] text-[14px] font-semibold">
        <span className="truncate">
          {camera} <span className="text-soft">#{sequence}</span>
        </span>
      </h1>
      <Skeleton className="m-[16px] min-h-[240px] flex-1" />
    </div>
  );
}

interface FrameProps {
  frame: FrameDetail;
  view: View;
  go: (to: FrameName) => void;
  set: (change: Partial<View>) => void;
  /** Another frame is on its way. */
  isOld: boolean;
}

function Frame({ frame, view, go, set, isOld }: FrameProps) {
  const navigate = useNavigate();
  const [mayRaw, mayEdit] = [useMay("see_raw"), useMay("edit")];
  const which: Which = view.show === "raw" && mayRaw ? "raw" : "anonymized";
  const [isEditing, setEditing] = useState(false);
  const [tab, setTab] = useState<"boxes" | "details" | "lineage">("boxes");
  const [selected, setSelected] = useState<string | null>(null);
  const [hovered, setHovered] = useState<string | null>(null);
  const confidence = confidenceOf(view);
  const boxes = useMemo(() => shownBoxes(frame), [frame]);
  const drawn = useMemo(() => boxes.filter((box) => box.confidence === null || box.confidence >= confidence), [boxes, confidence]);

  const before = frame.before.at(-1);
  const after = frame.after[0];
  const inView = frame.in_view ?? null;
  const step = useCallback((to: FrameName | null | undefined) => to != null && go(to), [go]);
  const back = () => void navigate({ to: "/", search: view });
  useShortcut("ArrowLeft", () => step(before), !isEditing);
  useShortcut("ArrowRight", () => step(after), !isEditing);
  useShortcut("Shift+ArrowLeft", () => step(inView?.previous), !isEditing);
  useShortcut("Shift+ArrowRight", () => step(inView?.next), !isEditing);
  useShortcut("r", () => set({ show: which === "raw" ? undefined : "raw" }), mayRaw && !isEditing);
  useShortcut("e", () => setEditing(true), mayEdit && !isEditing);
  useShortcut("Escape", back, !isEditing);

  usePageKeys("This frame", KEYS);
  // The catalog is come back to where this frame is in it.
  const place = inView?.place;
  useEffect(() => {
    if (place !== undefined) leave(`focus ${view.q ?? ""}`, place);
    leave("comes from a frame", true);
  }, [place, view.q]);
  useKeysElsewhere(isEditing);

  const hasImage = which === "raw" || frame.anonymized;
  return (
    <div className="flex h-full min-h-0 flex-col">
      <header className="flex min-h-[47px] flex-wrap items-center gap-x-[12px] gap-y-[6px] border-b border-line bg-card px-[14px] py-[8px] max-sm:gap-x-[8px]">
        <Link to="/" search={view} className="flex items-center gap-[6px] rounded-[5px] text-[13px] text-soft hover:text-ink">
          <Icon name="grid" /> Catalog
        </Link>
        <h1 className="min-w-0 truncate text-[14px] font-semibold max-sm:max-w-full max-sm:shrink-0 max-sm:grow">
          {frame.camera} <span className="text-soft">#{frame.sequence}</span>
        </h1>
        <span className="text-[12.5px] text-soft tabular-nums max-sm:order-2">{dateAndTime(frame.taken_at)} UTC</span>
        <Link to="/recordings/$recording" params={{ recording: frame.recording }} className="max-w-[300px] min-w-0 truncate rounded-[5px] text-[12.5px] text-accent hover:underline max-sm:order-2">
          {frame.recording}
        </Link>
        {frame.annotation != null && (
          <span className="max-sm:order-2">
            <Badge tone="accent" icon="edit">{`edited by ${frame.annotation.author}`}</Badge>
          </span>
        )}
        <span className="flex-1 max-sm:hidden" />
        {inView !== null && (
          <span className="flex items-center gap-[4px] text-[12.5px] text-soft tabular-nums max-sm:order-3">
            <IconButton size="small" icon="chevronLeft" label="The hit before" shortcut="⇧ ←" isDisabled={inView.previous == null} onPress={() => step(inView.previous)} />
            <span>
              <span className="text-ink">{(inView.place + 1).toLocaleString("en")}</span> of {inView.total.toLocaleString("en")}
              <span className="max-sm:hidden">{` ${view.q === undefined ? "frame" : "hit"}${inView.total === 1 ? "" : "s"}`}</span>
            </span>
            <IconButton size="small" icon="chevronRight" label="The hit after" shortcut="⇧ →" isDisabled={inView.next == null} onPress={() => step(inView.next)} />
          </span>
        )}
        {mayRaw && (
          <span className="max-sm:order-3">
            <Segmented
              label="Which image"
              value={which}
              onChange={(show) => set({ show: show === "raw" ? "raw" : undefined })}
              options={[
                { value: "anonymized", label: "Anonymised", icon: "shield" },
                { value: "raw", label: "Raw", icon: "eye" },
              ]}
            />
          </span>
        )}
        {mayEdit && !isEditing && (
          <Button icon="edit" kind="primary" size="small" className="max-sm:order-1" isDisabled={!hasImage} onPress={() => setEditing(true)}>
            <span>
              Edit<span className="max-sm:sr-only"> boxes</span>
            </span>
          </Button>
        )}
      </header>
      {isEditing ? (
        <Suspense fallback={<Skeleton className="m-[16px] flex-1" />}>
          <FrameEditor frame={frame} which={which} onClose={() => setEditing(false)} onPrevious={before && (() => go(before))} onNext={after && (() => go(after))} />
        </Suspense>
      ) : (
        <div className="flex min-h-0 flex-1 max-md:flex-col max-md:overflow-y-auto">
          <div className="flex min-w-0 flex-1 flex-col">
            <div
              className="relative min-h-[240px] flex-1 bg-sunken max-md:aspect-(--aspect) max-md:min-h-0 max-md:flex-none"
              style={{ ["--aspect" as string]: `${frame.width} / ${frame.height}` }}
              aria-busy={isOld}
            >
              {hasImage ? (
                <ZoomView key={which} width={frame.width} height={frame.height}>
                  <BoxView
                    src={imageUrl(frame, which)}
                    alt={`${frame.camera} at ${dateAndTime(frame.taken_at)}: ${inWords(drawn.map((box) => box.label))}`}
                    width={frame.width}
                    height={frame.height}
                    boxes={drawn}
                    selectedKey={selected}
                    hoveredKey={hovered}
                    onSelect={setSelected}
                    onHover={setHovered}
                    showLabels
                    className="h-full"
                  />
                </ZoomView>
              ) : (
                <EmptyState
                  icon="shield"
                  title="No anonymised copy yet"
                  action={mayRaw ? <Button onPress={() => set({ show: "raw" })}>Show the raw image</Button> : undefined}
                >
                  <code className="font-mono text-[12.5px]">roadloop anonymize {frame.recording}</code> makes one.
                </EmptyState>
              )}
              <div className="absolute bottom-[10px] left-[10px] flex gap-[6px]">
                <IconButton icon="chevronLeft" label="The frame before" shortcut="←" kind="plain" isDisabled={before === undefined} onPress={() => step(before)} />
                <IconButton icon="chevronRight" label="The frame after" shortcut="→" kind="plain" isDisabled={after === undefined} onPress={() => step(after)} />
              </div>
            </div>
            <Neighbours frame={frame} which={which} />
            <Drive frame={frame} go={go} />
          </div>
          <aside aria-label="About this frame" className="w-full shrink-0 overflow-y-auto border-line bg-card max-md:border-t md:w-[324px] md:border-l">
            <FrameTags frame={frame} />
            <Tabs
              label="About this frame"
              selected={tab}
              onSelect={setTab}
              tabs={[
                { key: "boxes", label: "Boxes", count: boxes.length, content: (
                    <>
                      <BoxesTab boxes={boxes} confidence={confidence} selected={selected} onSelect={setSelected} onHover={setHovered} onConfidence={(conf) => set({ conf: conf > 0 ? conf.toFixed(2) : undefined })} />
                      <Judged judged={frame.judged} />
                    </>
                  ) },
                { key: "details", label: "Details", content: (
                    <>
                      <Details frame={frame} />
                      <Suspense fallback={null}>
                        <FrameMap frame={frame} view={view} />
                      </Suspense>
                    </>
                  ) },
                { key: "lineage", label: "Lineage", content: <Lineage frame={frame} /> },
              ]}
            />
            <p className="px-[14px] py-[12px] text-[12px] text-faint max-md:hidden">
              <Kbd keys="ArrowLeft" /> <Kbd keys="ArrowRight" /> along the drive, {mayEdit && <><Kbd keys="E" /> edit, </>}<Kbd keys="?" /> all keys
            </p>
          </aside>
        </div>
      )}
    </div>
  );
}

/** `2 car, 1 person` */
export function inWords(labels: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts.size === 0 ? "nothing found" : [...counts].map(([label, number]) => `${number} ${label}`).join(", ");
}
