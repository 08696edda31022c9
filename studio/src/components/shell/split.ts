/** How wide the side may be, in pixels, and by how much a key moves its border. */
export interface SplitLimits {
  least: number;
  most: number;
}

export const KEY_STEP = 16;

export function withinLimits(width: number, { least, most }: SplitLimits): number {
  return Math.round(Math.min(Math.max(least, most), Math.max(least, width)));
}

/** The width after a key on the border; undefined for keys that are none of its own. */
export function widthAfterKey(key: string, width: number, side: "left" | "right", limits: SplitLimits): number | undefined {
  const grow = side === "left" ? "ArrowRight" : "ArrowLeft";
  const shrink = side === "left" ? "ArrowLeft" : "ArrowRight";
  const wished = { [grow]: width + KEY_STEP, [shrink]: width - KEY_STEP, Home: limits.least, End: limits.most }[key];
  return wished === undefined ? undefined : withinLimits(wished, limits);
}
