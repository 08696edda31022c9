// When there are frames, and how many. A range is marked by dragging or by keys, a time is
// picked by a click. All times are UTC, in milliseconds.

import { useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { cx, floating } from "../ui";
import { barsPath, bucketAt, condense, endOf, moveEnd, placeEnd, rangeOver, timeAt, xOf, type Buckets, type TimeRange } from "./brush";
import { timeInFull, timeTicks } from "./ticks";
import { useSize } from "./useSize";

export interface TimelineProps {
  /** What is counted over time, for screen readers and the tooltip: "frames". */
  label: string;
  start: number;
  step: number;
  counts: readonly number[];
  /** Of each bucket those that the filter hits, drawn in front. */
  matching?: readonly number[];
  range: TimeRange | null;
  /** While the person drags it is told of once, at the end. */
  onRange: (range: TimeRange | null) => void;
  onPick?: (time: number) => void;
  /** The frame that is looked at. */
  playhead?: number | null;
  /** Of the bars, without the axis. */
  height?: number;
}

/** Less is a click with an unsteady hand. */
const DRAG_PIXELS = 4;

export function Timeline(props: TimelineProps) {
  const { label, start, step, counts, matching, range, onRange, onPick, playhead = null, height = 64 } = props;
  const { ref, width } = useSize<HTMLDivElement>();
  const buckets: Buckets = useMemo(() => ({ start, step, counts }), [start, step, counts]);
  const [cursor, setCursor] = useState<number | null>(null);
  const [isOver, setIsOver] = useState(false);
  const [dragged, setDragged] = useState<TimeRange | null>(null);
  const drag = useRef<{ x: number; bucket: number; end: 0 | 1 | null } | null>(null);
  const keyAnchor = useRef<number | null>(null);

  const bars = useMemo(() => {
    const all = condense(counts, width, 2);
    const most = all.counts.reduce((most, count) => Math.max(most, count), 0);
    const share = counts.length === 0 ? 1 : all.each / counts.length;
    const front = matching === undefined ? undefined : condense(matching, width, 2).counts;
    return {
      all: barsPath(all.counts, most, width, height - 4, share),
      front: front && barsPath(front, most, width, height - 4, share),
    };
  }, [counts, matching, width, height]);
  const summary = useMemo(() => describe(label, buckets, matching), [label, buckets, matching]);
  const ticks = timeTicks(start, endOf(buckets), Math.max(2, Math.floor(width / 96)));

  const shown = dragged ?? range;
  const xAt = (event: PointerEvent) => event.clientX - (ref.current?.getBoundingClientRect().left ?? 0);

  const onPointerDown = (event: PointerEvent, end: 0 | 1 | null) => {
    if (event.button !== 0 || counts.length === 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const x = xAt(event);
    drag.current = { x, bucket: bucketAt(buckets, x, width), end };
    event.stopPropagation();
  };
  const onPointerMove = (event: PointerEvent) => {
    const x = xAt(event);
    setCursor(bucketAt(buckets, x, width));
    setIsOver(true);
    const from = drag.current;
    if (from === null) return;
    if (from.end !== null && range !== null) setDragged(placeEnd(buckets, range, from.end, timeAt(buckets, x, width)));
    else if (dragged !== null || Math.abs(x - from.x) >= DRAG_PIXELS) setDragged(rangeOver(buckets, from.bucket, bucketAt(buckets, x, width)));
  };
  const onPointerUp = (event: PointerEvent) => {
    const from = drag.current;
    drag.current = null;
    if (dragged !== null) onRange(dragged);
    else if (from !== null && from.end === null) onPick?.(timeAt(buckets, xAt(event), width));
    setDragged(null);
  };
  const dropDrag = () => {
    drag.current = null;
    setDragged(null);
  };

  const onCursorKey = (event: KeyboardEvent) => {
    const at = cursor ?? 0;
    const by = event.ctrlKey || event.metaKey ? 10 : 1;
    const moved = { ArrowLeft: at - by, ArrowRight: at + by, Home: 0, End: counts.length - 1 }[event.key];
    if (moved !== undefined && counts.length > 0) {
      const next = Math.min(counts.length - 1, Math.max(0, moved));
      setCursor(next);
      if (event.shiftKey) {
        keyAnchor.current ??= at;
        onRange(rangeOver(buckets, keyAnchor.current, next));
      } else keyAnchor.current = null;
    } else if (event.key === "Enter" || event.key === " ") onPick?.(start + at * step);
    else if (event.key === "Escape" && range !== null) onRange(null);
    else return;
    event.preventDefault();
  };
  const onEndKey = (event: KeyboardEvent, end: 0 | 1) => {
    if (range === null) return;
    const moved = moveEnd(buckets, range, end, event.key, event.shiftKey);
    if (moved !== undefined) onRange(moved);
    else if (event.key === "Escape" || event.key === "Delete") onRange(null);
    else return;
    event.preventDefault();
  };

  const [left, right] = shown === null ? [0, 0] : [xOf(buckets, shown[0], width), xOf(buckets, shown[1], width)];
  const pointer = { onPointerMove, onPointerUp, onPointerCancel: dropDrag };
  return (
    <div className="min-w-0 text-[11.5px]">
      <div ref={ref} className="relative touch-pan-y" style={{ height }}>
        <svg aria-hidden="true" width={width} height={height} className="absolute inset-0 overflow-visible">
          <g transform="translate(0 4)">
            <path d={bars.all} className={matching === undefined ? "fill-accent/75" : "fill-line-strong/70"} />
            {bars.front !== undefined && <path d={bars.front} className="fill-accent" />}
          </g>
          <path d={`M0 ${height - 0.5}H${width}`} className="stroke-line-strong" />
        </svg>
        <div
          role="slider"
          tabIndex={0}
          aria-label={`${label} over time; Shift and arrows mark a range`}
          aria-valuemin={0}
          aria-valuemax={Math.max(0, counts.length - 1)}
          aria-valuenow={cursor ?? 0}
          aria-valuetext={bucketInWords(label, buckets, matching, cursor ?? 0)}
          onKeyDown={onCursorKey}
          onFocus={() => setCursor(cursor ?? 0)}
          onBlur={() => (keyAnchor.current = null)}
          onPointerDown={(event) => onPointerDown(event, null)}
          onPointerLeave={() => setIsOver(false)}
          onDoubleClick={() => onRange(null)}
          {...pointer}
          className="peer absolute inset-0 cursor-crosshair rounded-[3px]"
        />
        {shown !== null && (
          <>
            <div className="pointer-events-none absolute inset-y-0 left-0 bg-paper/65" style={{ width: Math.max(0, left) }} />
            <div className="pointer-events-none absolute inset-y-0 right-0 bg-paper/65" style={{ left: right }} />
            <div className="pointer-events-none absolute inset-y-0 border-x border-accent bg-accent/8" style={{ left, width: Math.max(1, right - left) }} />
            {([0, 1] as const).map((end) => (
              <div
                key={end}
                role="slider"
                tabIndex={0}
                aria-label={end === 0 ? "Range from" : "Range to"}
                aria-valuemin={start}
                aria-valuemax={endOf(buckets)}
                aria-valuenow={shown[end]}
                aria-valuetext={timeInFull(shown[end], step)}
                onKeyDown={(event) => onEndKey(event, end)}
                onPointerDown={(event) => onPointerDown(event, end)}
                {...pointer}
                className="group absolute inset-y-0 -ml-[7px] flex w-[14px] cursor-ew-resize touch-none items-center justify-center rounded-[4px]"
                style={{ left: end === 0 ? left : right }}
              >
                <span className="h-[20px] w-[5px] rounded-full border border-accent bg-raised group-hover:bg-accent" />
              </div>
            ))}
          </>
        )}
        {playhead !== null && playhead >= start && playhead <= endOf(buckets) && (
          <div className="pointer-events-none absolute inset-y-0 w-px bg-bad" style={{ left: xOf(buckets, playhead, width) }}>
            <span className="absolute -top-[3px] -left-[3px] size-[7px] rounded-full bg-bad" />
          </div>
        )}
        {cursor !== null && counts.length > 0 && (
          <div className={cx("pointer-events-none", !isOver && "hidden peer-focus-visible:block")}>
            <div className="absolute inset-y-0 w-px bg-ink/50" style={{ left: ((cursor + 0.5) / counts.length) * width }} />
            <BucketTip buckets={buckets} label={label} matching={matching} at={cursor} range={dragged} width={width} />
          </div>
        )}
      </div>
      <div aria-hidden="true" className="relative h-[18px] overflow-hidden text-soft tabular-nums">
        {ticks.map(({ time, label }) => {
          const x = xOf(buckets, time, width);
          if (x > width - 88) return null;
          return (
            <span key={time} className="absolute top-0 border-l border-line-strong pt-[3px] pl-[4px] leading-[14px] whitespace-nowrap" style={{ left: x }}>
              {label}
            </span>
          );
        })}
        <span className="absolute top-[3px] right-0 leading-[14px]">UTC</span>
      </div>
      <p className={counts.length === 0 ? "-mt-[16px] text-[12px] text-soft" : "sr-only"}>{summary}</p>
    </div>
  );
}

interface BucketTipProps {
  buckets: Buckets;
  label: string;
  matching: readonly number[] | undefined;
  at: number;
  range: TimeRange | null;
  width: number;
}

function BucketTip({ buckets, label, matching, at, range, width }: BucketTipProps) {
  const { start, step, counts } = buckets;
  const x = ((at + 0.5) / counts.length) * width;
  const isRight = x > width / 2;
  return (
    <div
      className={cx(floating, "absolute -top-[6px] z-30 px-[9px] py-[5px] text-[12px] whitespace-nowrap tabular-nums")}
      style={isRight ? { right: width - x + 10 } : { left: x + 10 }}
    >
      <div className="text-soft">
        {range === null ? timeInFull(start + at * step, step) : `${timeInFull(range[0], step)} – ${timeInFull(range[1], step)}`}
      </div>
      <div className="font-medium">
        {matching !== undefined && <span className="text-accent">{(matching[at] ?? 0).toLocaleString("en")} of </span>}
        {(counts[at] ?? 0).toLocaleString("en")} {label}
      </div>
    </div>
  );
}

function bucketInWords(label: string, { start, step, counts }: Buckets, matching: readonly number[] | undefined, at: number): string {
  const front = matching === undefined ? "" : `${matching[at] ?? 0} of `;
  return `${timeInFull(start + at * step, step)}: ${front}${counts[at] ?? 0} ${label}`;
}

function describe(label: string, buckets: Buckets, matching: readonly number[] | undefined): string {
  const { start, step, counts } = buckets;
  const sum = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  if (counts.length === 0 || sum(counts) === 0) return `No ${label}.`;
  const busiest = counts.reduce((best, count, at) => (count > (counts[best] ?? 0) ? at : best), 0);
  const hits = matching === undefined ? "" : ` ${sum(matching)} of them match.`;
  return `${sum(counts)} ${label} from ${timeInFull(start, step)} to ${timeInFull(endOf(buckets), step)} UTC.${hits} Most at ${timeInFull(start + busiest * step, step)}: ${counts[busiest]}.`;
}
