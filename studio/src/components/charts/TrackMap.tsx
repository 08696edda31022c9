// Where the drive went, on blank paper: maps of the world are not at hand everywhere. Points
// are numbered through all tracks, in their order.

import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { cx, floating } from "../ui";
import { MapLegend, MapPaper, MapTools } from "./MapPaper";
import { PointIndex } from "./nearest";
import { boundsOf, dotPath, fromPixels, linePath, panBy, PATH_UNIT, projectionFor, rectAround, toMetres, toPixels, zoomAt, type GeoBounds, type GeoPoint } from "./project";
import { metresInWords } from "./ticks";
import { useMapView } from "./useMapView";
import { useSize } from "./useSize";

export interface TrackMapProps {
  /** What the map shows, for screen readers. */
  label: string;
  /** One line for each drive. The same array while nothing of it changes. */
  tracks: readonly (readonly GeoPoint[])[];
  /** Points to bring out, by number: those that the filter hits. */
  hits?: readonly number[];
  /** The point that is looked at. */
  current?: number | null;
  /** What the tooltip says of a point. */
  describe?: (index: number) => string;
  onHover?: (index: number | null) => void;
  onPick?: (index: number) => void;
  /** A rectangle was drawn, by Shift and drag or in the mode of the button. */
  onBox?: (bounds: GeoBounds) => void;
  /** The rectangle that is filtered by, kept in sight. */
  box?: GeoBounds | null;
}

/** So far from a point the pointer still means it, in pixels. */
const REACH = 14;

interface Drag {
  kind: "pan" | "box" | "pinch";
  from: [number, number];
  last: [number, number];
  hasMoved: boolean;
}

export function TrackMap(props: TrackMapProps) {
  const { label, tracks, hits, current = null, describe, onHover, onPick, onBox, box = null } = props;
  const { ref, width, height } = useSize<HTMLDivElement>();
  const size = useMemo(() => ({ width, height }), [width, height]);
  const plane = useMemo(() => flatten(tracks), [tracks]);
  const { projection, xs, ys, starts } = plane;
  const summary = useMemo(() => summaryOf(plane), [plane]);
  const index = useMemo(() => new PointIndex(xs, ys), [xs, ys]);
  const { view, change, fit, isFitted } = useMapView(ref, xs, ys, size);
  const [hovered, setHovered] = useState<number | null>(null);
  const [isBoxing, setIsBoxing] = useState(false);
  const [drawn, setDrawn] = useState<readonly [[number, number], [number, number]] | null>(null);
  const drag = useRef<Drag | null>(null);
  const fingers = useRef(new Map<number, [number, number]>());

  // One path for each power of two of the zoom and each part of the plane: what would fall on
  // one pixel or out of sight is left out, or twenty thousand points would stutter.
  const level = Math.round(Math.log2(1 / view.scale));
  const { left, top, right, bottom } = rectAround(view, size, level);
  const rect = useMemo(() => ({ left, top, right, bottom }), [left, top, right, bottom]);
  const line = useMemo(() => linePath(xs, ys, starts, 1.5 * 2 ** level, rect), [xs, ys, starts, level, rect]);
  const dots = useMemo(() => dotPath(xs, ys, hits ?? [], 2 * 2 ** level, rect), [xs, ys, hits, level, rect]);
  const transform = `translate(${width / 2 - view.x * view.scale} ${height / 2 - view.y * view.scale}) scale(${view.scale / PATH_UNIT})`;

  const hover = (next: number | null) => {
    if (next === hovered) return;
    setHovered(next);
    onHover?.(next);
  };
  const nearest = ([px, py]: [number, number]) => index.nearest(...fromPixels(view, size, px, py), REACH / view.scale) ?? null;
  const spotOf = (event: PointerEvent): [number, number] => {
    const rim = event.currentTarget.getBoundingClientRect();
    return [event.clientX - rim.left, event.clientY - rim.top];
  };

  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const spot = spotOf(event);
    fingers.current.set(event.pointerId, spot);
    const wantsBox = onBox !== undefined && (event.shiftKey || isBoxing);
    const kind = fingers.current.size > 1 ? "pinch" : wantsBox ? "box" : "pan";
    if (kind === "pinch") setDrawn(null);
    drag.current = { kind, from: spot, last: spot, hasMoved: kind === "pinch" };
  };
  const onPointerMove = (event: PointerEvent) => {
    const spot = spotOf(event);
    const now = drag.current;
    if (now === null) return hover(nearest(spot));
    const before = fingers.current.get(event.pointerId) ?? spot;
    fingers.current.set(event.pointerId, spot);
    if (now.kind === "pinch") {
      const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
      if (other === undefined) return;
      const apart = (place: [number, number]) => Math.hypot(place[0] - other[0], place[1] - other[1]);
      const factor = apart(spot) / Math.max(1, apart(before));
      change((view, size) => zoomAt(view, size, other[0], other[1], factor));
      return;
    }
    now.hasMoved ||= Math.hypot(spot[0] - now.from[0], spot[1] - now.from[1]) > 4;
    if (!now.hasMoved) return;
    if (now.kind === "box") setDrawn([now.from, spot]);
    else change((view) => panBy(view, spot[0] - before[0], spot[1] - before[1]));
  };
  const onPointerUp = (event: PointerEvent) => {
    const spot = spotOf(event);
    fingers.current.delete(event.pointerId);
    const now = drag.current;
    if (fingers.current.size === 0) drag.current = null;
    if (now?.kind === "box" && now.hasMoved) {
      onBox?.(boundsOf(projection, view, size, now.from, spot));
      setIsBoxing(false);
    } else if (now !== null && !now.hasMoved) {
      const at = nearest(spot);
      if (at !== null) onPick?.(at);
    }
    setDrawn(null);
  };
  const onPointerCancel = () => {
    fingers.current.clear();
    drag.current = null;
    setDrawn(null);
  };

  const zoomBy = useCallback((factor: number) => change((view, size) => zoomAt(view, size, size.width / 2, size.height / 2, factor)), [change]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const pan = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }[event.key];
    const step = { ",": -1, ".": 1, "<": -25, ">": 25 }[event.key];
    if (pan !== undefined) change((view) => panBy(view, pan[0] ?? 0, pan[1] ?? 0));
    else if (event.key === "+" || event.key === "=") zoomBy(1.5);
    else if (event.key === "-") zoomBy(1 / 1.5);
    else if (event.key === "0") fit();
    else if (event.key === "b" && onBox !== undefined) onBox(boundsOf(projection, view, size, [0, 0], [width, height]));
    else if (step !== undefined && xs.length > 0) {
      const next = Math.min(xs.length - 1, Math.max(0, (hovered ?? current ?? -step) + step));
      hover(next);
      const [px, py] = toPixels(view, size, xs[next] ?? 0, ys[next] ?? 0);
      if (px < 0 || py < 0 || px > width || py > height) change((view) => ({ ...view, x: xs[next] ?? 0, y: ys[next] ?? 0 }));
    } else if (event.key === "Enter" && hovered !== null) onPick?.(hovered);
    else if (event.key === "Escape" && isBoxing) setIsBoxing(false);
    else return;
    event.preventDefault();
  };

  // The list of points may become shorter under the pointer.
  useEffect(() => setHovered(null), [tracks]);

  const place = (at: number) => toPixels(view, size, xs[at] ?? 0, ys[at] ?? 0);
  const ring = hovered === null ? null : place(hovered);
  const here = current === null || current >= xs.length ? null : place(current);
  return (
    <div className="relative h-full min-h-[160px] min-w-0 overflow-hidden rounded-[8px] border border-line bg-sunken text-[12px]">
      <div
        ref={ref}
        role="application"
        tabIndex={0}
        aria-label={`${label}. ${summary} Arrows move, plus and minus zoom, 0 shows all, comma and full stop step along, Enter picks${onBox === undefined ? "" : ", B marks what is in sight"}.`}
        onKeyDown={onKeyDown}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={onPointerCancel}
        onPointerLeave={() => hover(null)}
        className={cx("absolute inset-0 touch-none rounded-[8px] focus-visible:-outline-offset-2", isBoxing ? "cursor-crosshair" : hovered === null ? "cursor-grab" : "cursor-pointer")}
      >
        {width > 0 && (
          <svg aria-hidden="true" width={width} height={height} fill="none" className="absolute inset-0">
            <MapPaper view={view} size={size} />
            <g transform={transform}>
              {box !== null && <BoxOf box={box} projection={projection} />}
              <path d={line} className={hits === undefined ? "stroke-accent" : "stroke-soft/60"} strokeWidth={2} strokeLinejoin="round" strokeLinecap="round" vectorEffect="non-scaling-stroke" />
              {dots !== "" && <path d={dots} className="stroke-accent" strokeWidth={5} strokeLinecap="round" vectorEffect="non-scaling-stroke" />}
            </g>
            {ring !== null && <circle cx={ring[0]} cy={ring[1]} r={6} className="fill-raised stroke-accent" strokeWidth={2} />}
            {here !== null && (
              <g>
                <circle cx={here[0]} cy={here[1]} r={11} className="fill-bad/20" />
                <circle cx={here[0]} cy={here[1]} r={5} className="fill-bad stroke-raised" strokeWidth={2} />
              </g>
            )}
            {drawn !== null && (
              <rect
                x={Math.min(drawn[0][0], drawn[1][0])}
                y={Math.min(drawn[0][1], drawn[1][1])}
                width={Math.abs(drawn[0][0] - drawn[1][0])}
                height={Math.abs(drawn[0][1] - drawn[1][1])}
                className="fill-accent/10 stroke-accent"
              />
            )}
          </svg>
        )}
      </div>
      {xs.length === 0 && <p className="pointer-events-none absolute inset-0 flex items-center justify-center text-[13px] text-soft">No frame here has a position.</p>}
      {ring !== null && hovered !== null && describe !== undefined && (
        <div
          className={cx(floating, "pointer-events-none absolute z-10 px-[8px] py-[4px] whitespace-nowrap tabular-nums")}
          style={{ top: Math.max(4, ring[1] - 34), ...(ring[0] > width / 2 ? { right: width - ring[0] + 10 } : { left: ring[0] + 10 }) }}
        >
          {describe(hovered)}
        </div>
      )}
      {width > 0 && <MapLegend view={view} />}
      <MapTools zoomBy={zoomBy} fit={fit} isFitted={isFitted} isBoxing={isBoxing} setIsBoxing={onBox && setIsBoxing} />
    </div>
  );
}

function BoxOf({ box, projection }: { box: GeoBounds; projection: { lat: number; lon: number } }) {
  const corner = (lat: number, lon: number) => toMetres(projection, { lat, lon }).map((metres) => metres * PATH_UNIT);
  const [left, top] = corner(box.north, box.west);
  const [right, bottom] = corner(box.south, box.east);
  return (
    <path
      d={`M${left} ${top}H${right}V${bottom}H${left}Z`}
      className="fill-accent/8 stroke-accent"
      strokeDasharray="5 4"
      vectorEffect="non-scaling-stroke"
    />
  );
}

interface Plane {
  projection: { lat: number; lon: number };
  xs: Float64Array;
  ys: Float64Array;
  /** The first point of each track. */
  starts: number[];
}

function flatten(tracks: readonly (readonly GeoPoint[])[]): Plane {
  const all = tracks.flat();
  const projection = projectionFor(all);
  const [xs, ys] = [new Float64Array(all.length), new Float64Array(all.length)];
  all.forEach((point, at) => ([xs[at], ys[at]] = toMetres(projection, point)));
  const starts: number[] = [];
  let start = 0;
  for (const track of tracks) {
    if (track.length > 0) starts.push(start);
    start += track.length;
  }
  return { projection, xs, ys, starts };
}

/** What a screen reader hears of the line: how long it is, and of how many positions. */
function summaryOf({ xs, ys, starts }: Plane): string {
  if (xs.length === 0) return "No positions.";
  const first = new Set(starts);
  let metres = 0;
  for (let at = 1; at < xs.length; at++) if (!first.has(at)) metres += Math.hypot((xs[at] ?? 0) - (xs[at - 1] ?? 0), (ys[at] ?? 0) - (ys[at - 1] ?? 0));
  const long = metres >= 1000 ? Math.round(metres / 100) * 100 : Math.round(metres);
  return `${xs.length} positions along ${metresInWords(long)}.`;
}
