// Buckets of time on a line of pixels, and the range that is marked on them.

export interface Buckets {
  /** Milliseconds, UTC: where the first bucket begins, and how long each one is. */
  start: number;
  step: number;
  counts: readonly number[];
}

export type TimeRange = readonly [from: number, to: number];

export function endOf({ start, step, counts }: Buckets): number {
  return start + step * counts.length;
}

/** Which bucket is at `x` of a line of `width` pixels. */
export function bucketAt({ counts }: Buckets, x: number, width: number): number {
  return Math.min(counts.length - 1, Math.max(0, Math.floor((x / Math.max(1, width)) * counts.length)));
}

export function timeAt(buckets: Buckets, x: number, width: number): number {
  const share = Math.min(1, Math.max(0, x / Math.max(1, width)));
  return buckets.start + share * buckets.step * buckets.counts.length;
}

export function xOf(buckets: Buckets, time: number, width: number): number {
  return ((time - buckets.start) / (buckets.step * Math.max(1, buckets.counts.length))) * width;
}

/** From the first of two buckets to the end of the other. */
export function rangeOver({ start, step }: Buckets, a: number, b: number): TimeRange {
  return [start + Math.min(a, b) * step, start + (Math.max(a, b) + 1) * step];
}

/** One end of a range moved by a key; the two never pass one another. */
export function moveEnd(buckets: Buckets, range: TimeRange, end: 0 | 1, key: string, isFast: boolean): TimeRange | undefined {
  const { start, step } = buckets;
  const by = (isFast ? 10 : 1) * step;
  const from = range[end];
  const wished = { ArrowLeft: from - by, ArrowDown: from - by, ArrowRight: from + by, ArrowUp: from + by, Home: start, End: endOf(buckets) }[key];
  return wished === undefined ? undefined : placeEnd(buckets, range, end, wished);
}

/** One end of a range at a time, on the border of a bucket. */
export function placeEnd(buckets: Buckets, range: TimeRange, end: 0 | 1, time: number): TimeRange {
  const { start, step } = buckets;
  const border = start + Math.round((time - start) / step) * step;
  if (end === 0) return [Math.max(start, Math.min(border, range[1] - step)), range[1]];
  return [range[0], Math.min(endOf(buckets), Math.max(border, range[0] + step))];
}

/** So many buckets added up that each gets at least `widthEach` pixels. */
export function condense(counts: readonly number[], width: number, widthEach: number): { counts: readonly number[]; each: number } {
  const each = Math.max(1, Math.ceil((counts.length * widthEach) / Math.max(1, width)));
  if (each === 1) return { counts, each };
  const sums: number[] = [];
  for (let at = 0; at < counts.length; at += each) {
    let sum = 0;
    for (let inner = at; inner < Math.min(at + each, counts.length); inner++) sum += counts[inner] ?? 0;
    sums.push(sum);
  }
  return { counts: sums, each };
}

/** Bars as one path: a thousand elements would be slow. `share` is of one bar in the width. */
export function barsPath(counts: readonly number[], most: number, width: number, height: number, share: number): string {
  if (most <= 0) return "";
  const gap = share * width >= 4 ? 1 : 0;
  let path = "";
  counts.forEach((count, at) => {
    if (count <= 0) return;
    const [left, right] = [at * share * width, Math.min(width, (at + 1) * share * width) - gap];
    // At least a pixel: few are not none.
    const top = height - Math.max(1, (count / most) * height);
    path += `M${left.toFixed(1)} ${height}V${top.toFixed(1)}H${right.toFixed(1)}V${height}Z`;
  });
  return path;
}
