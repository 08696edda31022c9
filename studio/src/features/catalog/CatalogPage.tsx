// The catalog: frames that a filter finds, and what there is to narrow it by.

import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { classColour } from "../../components/classes";
import { applySelection, FrameGrid, type GridFrame, type SelectionChange } from "../../components/framegrid";
import { Button, cx, Dialog, EmptyState, ErrorState, Skeleton } from "../../components/ui";
import { useShortcut } from "../../components/shell";
import { frameKey, Problem, type FrameItem } from "../../api/client";
import { framePage, useMay, useTrack } from "../../api/hooks";
import { confidenceOf, count, frameParams, viewOf, type View } from "../../app/address";
import { gridFrame } from "../../app/frames";
import { usePageKeys, type KeyRow } from "../../app/keys";
import { useSetting } from "../../app/settings";
import { useTitle } from "../../app/title";
import { useTaken } from "../../app/taken";
import { aspectOf } from "./aspect";
import { CatalogBar } from "./CatalogBar";
import { CatalogTimeline } from "./CatalogTimeline";
import { CatalogTools } from "./CatalogTools";
import { Facets } from "./Facets";
import { PAGE, usePages } from "./pages";
import { SelectionBar } from "./SelectionBar";
import { usePlace } from "./usePlace";

const loadMap = async () => ({ default: (await import("./CatalogMap")).CatalogMap });
const CatalogMap = lazy(loadMap);

const route = getRouteApi("/");

const KEYS: readonly KeyRow[] = [
  { keys: ["/"], does: "to the filter" },
  { keys: ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"], does: "from frame to frame" },
  { keys: ["Home", "End"], does: "the first, the last frame" },
  { keys: ["Enter"], does: "open the frame" },
  { keys: ["Space"], does: "mark the frame" },
  { keys: ["Shift+ArrowRight"], does: "mark as far as the next frame" },
  { keys: ["Mod+A"], does: "mark all" },
  { keys: ["T"], does: "tag the marked frames, else this one" },
  { keys: ["Escape"], does: "unmark all" },
];

export function CatalogPage() {
  const view = viewOf(route.useSearch());
  const navigate = useNavigate({ from: "/" });
  const filter = view.q ?? "";
  const mayRaw = useMay("see_raw");
  const which = view.show === "raw" && mayRaw ? "raw" : "anonymized";
  const [tileWidth, setTileWidth] = useSetting("tile-width", 220);
  const [isSideOpen, setSideOpen] = useSetting("facets", true);
  useTitle(filter === "" ? "Catalog" : filter);

  usePageKeys("Catalog", KEYS);
  const [isNarrowing, setNarrowing] = useState(false);

  const first = useQuery({ ...framePage(filter, 0, PAGE), placeholderData: keepPreviousData });
  const page = first.isError ? undefined : first.data;
  const isWrong = first.error instanceof Problem && first.error.status === 400;
  /** Nothing is there at all, so there is nothing to narrow down. */
  const isEmpty = filter === "" && page?.total === 0;
  const aspect = useLast(aspectOf(page?.frames)) ?? 1.6;
  // Until those of another filter are there, the frames of the last one stay, paler.
  const isOld = first.isPlaceholderData;
  const shownFilter = useLast(isOld ? undefined : filter) ?? filter;
  const place = usePlace(shownFilter, page !== undefined && view.as !== "map");
  const { frame, ask } = usePages(shownFilter, page?.state);
  const total = page?.reachable ?? 0;
  // The map and its points are asked for at once, not after the frames.
  const isMap = view.as === "map";
  useTrack(filter, isMap);
  useEffect(() => {
    if (isMap) void loadMap();
  }, [isMap]);

  const set = useCallback(
    (change: Partial<View>) => void navigate({ search: (old) => viewOf({ ...old, ...change }), replace: change.q === undefined }),
    [navigate],
  );
  const setFilter = useCallback((q: string) => set({ q }), [set]);

  // Tiles are drawn anew when their frame is another object: each is made once.
  const made = useMemo(() => new WeakMap<FrameItem, GridFrame>(), [which, tileWidth > 300]);
  const frameAt = useCallback(
    (index: number) => {
      const item = frame(index);
      if (item === undefined) return undefined;
      let shown = made.get(item);
      if (shown === undefined) made.set(item, (shown = gridFrame(item, which, tileWidth > 300 ? 480 : 320)));
      return shown;
    },
    [frame, made, tileWidth > 300, which],
  );

  const [focus, setFocus] = useTaken(`focus ${shownFilter}`, 0);
  const mayEdit = useMay("edit");
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [tagsAtOnce, setTagsAtOnce] = useState(false);
  const [selectedOf, setSelectedOf] = useState(filter);
  if (selectedOf !== filter) {
    setSelectedOf(filter);
    setSelected(new Set());
  }
  const select = useCallback(
    (change: SelectionChange) => {
      setTagsAtOnce(false);
      setSelected((old) => applySelection(old, change, total, frameAt).selected);
    },
    [frameAt, total],
  );
  const open = useCallback(
    (index: number) => {
      const item = frame(index);
      if (item === undefined) return;
      setFocus(index);
      void navigate({ to: "/frames/$recording/$camera/$sequence", params: frameParams(item), search: (old) => viewOf(old) });
    },
    [frame, navigate, setFocus],
  );
  // With nothing marked, the frame that has the focus is meant.
  useShortcut(
    "t",
    () => {
      const focused = document.activeElement?.closest('[role="grid"]') == null ? undefined : frameAt(focus);
      if (focused === undefined) return;
      setSelected(new Set([focused.key]));
      setTagsAtOnce(true);
    },
    mayEdit && selected.size === 0 && !isMap,
  );
  const unmark = () => {
    setSelected(new Set());
    setTagsAtOnce(false);
  };
  const chosen = useMemo(() => {
    const frames: FrameItem[] = [];
    for (let index = 0; index < total && frames.length < selected.size; index++) {
      const item = frame(index);
      if (item !== undefined && selected.has(frameKey(item))) frames.push(item);
    }
    return frames;
  }, [frame, selected, total]);

  const facets = (
    <Facets
      filter={filter}
      onFilter={setFilter}
      confidence={confidenceOf(view)}
      onConfidence={(conf) => set({ conf: conf > 0 ? conf.toFixed(2) : undefined })}
      trouble={isWrong ? "What there is to narrow down by is shown as soon as the filter is right." : first.isError ? "What there is to narrow down by is not known now." : null}
    />
  );
  return (
    <div className="flex h-full min-h-0 flex-col">
      <h1 className="sr-only">Catalog</h1>
      <CatalogBar filter={filter} onFilter={setFilter} total={page?.total ?? null} isBusy={first.isFetching} warnings={isOld ? [] : (page?.warnings ?? [])} notLookedAt={isOld ? 0 : (page?.not_looked_at ?? 0)} isWrong={isWrong} />
      <div className="flex min-h-0 flex-1">
        {isSideOpen && !isEmpty && (
          <aside aria-label="Narrow down" className="hidden w-[268px] shrink-0 overflow-y-auto border-r border-line bg-card md:block">
            {facets}
          </aside>
        )}
        <section aria-label="Frames" className="flex min-w-0 flex-1 flex-col">
          <CatalogTools view={view} set={set} filter={filter} total={isOld ? 0 : (page?.total ?? 0)} tileWidth={tileWidth} onTileWidth={setTileWidth} isSideOpen={isSideOpen} onSide={setSideOpen} onNarrow={() => setNarrowing(true)} />
          <CatalogTimeline filter={filter} onFilter={setFilter} />
          {first.isError ? (
            isWrong ? (
              <EmptyState icon="filter" title="This filter cannot be answered" action={<Button onPress={() => setFilter("")}>Show all frames</Button>}>
                <span className="inline-block text-left font-mono text-[12px] whitespace-pre-wrap">{first.error.message}</span>
              </EmptyState>
            ) : (
              <ErrorState title="The frames cannot be shown" onRetry={() => void first.refetch()} isRetrying={first.isFetching}>
                {first.error.message}
              </ErrorState>
            )
          ) : page === undefined ? (
            <div className="grid flex-1 grid-cols-[repeat(auto-fill,minmax(200px,1fr))] content-start gap-[10px] p-[12px]">
              {Array.from({ length: 12 }, (_, at) => (
                <Skeleton key={at} className="aspect-[1.6]" />
              ))}
            </div>
          ) : view.as === "map" ? (
            <Suspense fallback={<Skeleton className="m-[12px] flex-1" />}>
              <CatalogMap filter={filter} onFilter={setFilter} view={view} />
            </Suspense>
          ) : (
            <div {...place} aria-busy={isOld} className={cx("relative min-h-0 flex-1 transition-opacity", isOld && "opacity-60 delay-150")}>
              <FrameGrid
                label="Frames that match the filter"
                total={total}
                dataKey={shownFilter}
                tileWidth={tileWidth}
                aspect={aspect}
                frameAt={frameAt}
                onVisible={ask}
                selected={selected}
                onSelect={select}
                focusIndex={focus}
                onFocusIndex={setFocus}
                onOpen={open}
                click="open"
                minConfidence={confidenceOf(view)}
                colourOf={classColour}
                empty={<NothingFound filter={shownFilter} notLookedAt={page.not_looked_at} onClear={() => setFilter("")} />}
              />
              {selected.size > 0 && <SelectionBar frames={chosen} missing={selected.size - chosen.length} tagsAtOnce={tagsAtOnce} onDone={unmark} />}
            </div>
          )}
        </section>
      </div>
      <Dialog isOpen={isNarrowing} onClose={() => setNarrowing(false)} title="Narrow down" actions={<Button kind="primary" onPress={() => setNarrowing(false)}>{`Show ${count(page?.total ?? 0, "frame")}`}</Button>}>
        <div className="-mx-[10px]">{facets}</div>
      </Dialog>
    </div>
  );
}

/** The last value that was there. */
function useLast<T>(value: T | undefined): T | undefined {
  const last = useRef(value);
  if (value !== undefined) last.current = value;
  return last.current;
}

function NothingFound({ filter, notLookedAt, onClear }: { filter: string; notLookedAt: number; onClear: () => void }) {
  if (filter === "") {
    return (
      <EmptyState icon="camera" title="No frames yet">
        Give a recording to roadloop in a terminal, and its frames are here:
        <code className="mt-[10px] inline-block rounded-[6px] border border-line bg-sunken px-[12px] py-[6px] font-mono text-[12.5px] text-ink">roadloop run drive.mcap</code>
      </EmptyState>
    );
  }
  return (
    <EmptyState icon="search" title="No frame matches" action={<Button onPress={onClear}>Show all frames</Button>}>
      {notLookedAt > 0
        ? `${notLookedAt.toLocaleString("en")} frames might, but no model has looked at them yet.`
        : "Take a word out of the filter, or ask for less confidence."}
    </EmptyState>
  );
}
