// Where the lines and names of boxes go, in units that need no measuring.

import type { BBox } from "../model";

export interface Outline {
  label: string;
  /** Closed rectangles in pixels of the image. */
  path: string;
}

export function outlinesByLabel(
  boxes: readonly { label: string; bbox: BBox }[],
  width: number,
  height: number,
): Outline[] {
  const paths = new Map<string, string>();
  for (const { label, bbox } of boxes) {
    const x = short(bbox.left * width);
    const y = short(bbox.top * height);
    const right = short(bbox.right * width);
    const bottom = short(bbox.bottom * height);
    paths.set(label, `${paths.get(label) ?? ""}M${x} ${y}H${right}V${bottom}H${x}Z`);
  }
  return [...paths].map(([label, path]) => ({ label, path }));
}

// A tenth of a pixel is more than a line shows.
function short(value: number): number {
  return Math.round(value * 10) / 10;
}

export interface LabelPlace {
  top: string;
  left?: string;
  right?: string;
  maxWidth: string;
}

/** Pixels a plate is high. */
const PLATE = 16;

/** The part of the width that most names need on a thumbnail. */
const ROOM = 0.3;

/**
 * Above the box, or inside it where the image ends; from its left edge, or back from its
 * right one where there is no room. Too long a name is cut at the image's edge.
 */
export function labelPlace({ left, top, right }: BBox): LabelPlace {
  const above = `max(0px, calc(${percent(top)} - ${PLATE}px))`;
  if (1 - left >= ROOM) return { top: above, left: percent(left), maxWidth: percent(1 - left) };
  return { top: above, right: percent(1 - right), maxWidth: percent(right) };
}

function percent(part: number): string {
  return `${Math.round(part * 10_000) / 100}%`;
}
