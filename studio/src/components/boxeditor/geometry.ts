// Rectangles on an image: kept inside it, resized by a handle, rounded once.
// Knows nothing of screens; how the image is shown is in `zoom.ts`.

import type { Point, Rect, Size } from "./types";

export const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"] as const;
export type Handle = (typeof HANDLES)[number];

/** The side of the box a handle holds: -1 is left or top, 1 right or bottom, 0 neither. */
export function sides(handle: Handle): { x: -1 | 0 | 1; y: -1 | 0 | 1 } {
  return {
    x: handle.includes("w") ? -1 : handle.includes("e") ? 1 : 0,
    y: handle.includes("n") ? -1 : handle.includes("s") ? 1 : 0,
  };
}

export function handlePoint(rect: Rect, handle: Handle): Point {
  const side = sides(handle);
  return {
    x: rect.left + (rect.width * (side.x + 1)) / 2,
    y: rect.top + (rect.height * (side.y + 1)) / 2,
  };
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Moves a rectangle into the image and cuts it only where it is larger than the image. */
export function moveInside(rect: Rect, image: Size): Rect {
  const width = Math.min(rect.width, image.width);
  const height = Math.min(rect.height, image.height);
  return {
    left: clamp(rect.left, 0, image.width - width),
    top: clamp(rect.top, 0, image.height - height),
    width,
    height,
  };
}

/** Cuts off what lies outside the image; at least one pixel is left. */
export function cutToImage(rect: Rect, image: Size): Rect {
  const [left, right] = cutSpan(rect.left, rect.left + rect.width, image.width);
  const [top, bottom] = cutSpan(rect.top, rect.top + rect.height, image.height);
  return { left, top, width: right - left, height: bottom - top };
}

function cutSpan(from: number, to: number, end: number): [number, number] {
  const low = clamp(from, 0, end);
  const high = clamp(to, 0, end);
  if (high - low >= 1) return [low, high];
  const start = clamp(low, 0, Math.max(end - 1, 0));
  return [start, Math.min(start + 1, end)];
}

export function isInside(rect: Rect, image: Size): boolean {
  return (
    rect.left >= 0 &&
    rect.top >= 0 &&
    rect.left + rect.width <= image.width &&
    rect.top + rect.height <= image.height
  );
}

/** The rectangle between two points, cut to the image. */
export function between(from: Point, to: Point, image: Size): Rect {
  const x1 = clamp(from.x, 0, image.width);
  const x2 = clamp(to.x, 0, image.width);
  const y1 = clamp(from.y, 0, image.height);
  const y2 = clamp(to.y, 0, image.height);
  return {
    left: Math.min(x1, x2),
    top: Math.min(y1, y2),
    width: Math.abs(x2 - x1),
    height: Math.abs(y2 - y1),
  };
}

export interface ResizeHow {
  keepAspect: boolean;
  fromCentre: boolean;
}

/**
 * Drags one handle by (dx, dy). Past the opposite side the box turns over, as in any
 * drawing program; it never leaves the image and never gets thinner than a pixel.
 */
export function resize(
  rect: Rect,
  handle: Handle,
  by: Point,
  how: ResizeHow,
  image: Size,
): Rect {
  const side = sides(handle);
  const x = pull(rect.left, rect.width, side.x, by.x, how.fromCentre, image.width);
  const y = pull(rect.top, rect.height, side.y, by.y, how.fromCentre, image.height);
  if (how.keepAspect && rect.width > 0 && rect.height > 0) {
    const wishX = side.x === 0 ? 0 : x.size / rect.width;
    const wishY = side.y === 0 ? 0 : y.size / rect.height;
    const factor = Math.min(
      Math.max(wishX, wishY, 1 / rect.width, 1 / rect.height),
      x.room / rect.width,
      y.room / rect.height,
    );
    x.size = factor * rect.width;
    y.size = factor * rect.height;
  }
  const across = place(x);
  const down = place(y);
  return cutToImage(
    { left: across.start, top: down.start, width: across.size, height: down.size },
    image,
  );
}

interface Span {
  /** The point that stays; the span grows from it towards `direction`, or both ways for 0. */
  anchor: number;
  direction: -1 | 0 | 1;
  size: number;
  /** The largest size that stays in the image. */
  room: number;
}

function pull(
  start: number,
  size: number,
  side: -1 | 0 | 1,
  by: number,
  fromCentre: boolean,
  end: number,
): Span {
  const centre = start + size / 2;
  const roomOfCentre = 2 * Math.max(Math.min(centre, end - centre), 0);
  if (side === 0) return { anchor: centre, direction: 0, size, room: Math.max(roomOfCentre, size) };
  const edge = clamp(side === 1 ? start + size + by : start + by, 0, end);
  if (fromCentre) {
    const wish = Math.min(2 * Math.abs(edge - centre), roomOfCentre);
    return { anchor: centre, direction: 0, size: wish, room: roomOfCentre };
  }
  const anchor = clamp(side === 1 ? start : start + size, 0, end);
  const direction = edge === anchor ? side : edge > anchor ? 1 : -1;
  return {
    anchor,
    direction,
    size: Math.abs(edge - anchor),
    room: direction === 1 ? end - anchor : anchor,
  };
}

function place(span: Span): { start: number; size: number } {
  const size = Math.max(span.size, Math.min(1, span.room));
  if (span.direction === 0) return { start: span.anchor - size / 2, size };
  return { start: span.direction === 1 ? span.anchor : span.anchor - size, size };
}

/** Moves the right and bottom edge, as the keys do; the left top corner stays. */
export function growBy(rect: Rect, by: Point, image: Size): Rect {
  const left = clamp(rect.left, 0, image.width - 1);
  const top = clamp(rect.top, 0, image.height - 1);
  return {
    left,
    top,
    width: clamp(rect.width + by.x, 1, image.width - left),
    height: clamp(rect.height + by.y, 1, image.height - top),
  };
}

/** Whole pixels inside the image, at least one wide and high: what is saved. */
export function toPixels(rect: Rect, image: Size): Rect {
  const [left, right] = roundSpan(rect.left, rect.left + rect.width, image.width);
  const [top, bottom] = roundSpan(rect.top, rect.top + rect.height, image.height);
  return { left, top, width: right - left, height: bottom - top };
}

// Edges are rounded, not sizes: two boxes that touch still touch once saved.
function roundSpan(from: number, to: number, end: number): [number, number] {
  const low = clamp(Math.round(from), 0, Math.max(end - 1, 0));
  const high = clamp(Math.round(to), low + 1, end);
  return [low, high];
}

export function sameRect(a: Rect, b: Rect): boolean {
  return a.left === b.left && a.top === b.top && a.width === b.width && a.height === b.height;
}

/** Shared area over joined area. */
export function iou(a: Rect, b: Rect): number {
  const across = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const down = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  if (across <= 0 || down <= 0) return 0;
  const shared = across * down;
  return shared / (a.width * a.height + b.width * b.height - shared);
}

export function contains(rect: Rect, point: Point, slack: number): boolean {
  return (
    point.x >= rect.left - slack &&
    point.y >= rect.top - slack &&
    point.x <= rect.left + rect.width + slack &&
    point.y <= rect.top + rect.height + slack
  );
}

/** The boxes under a point, the smallest first: what lies in a larger box can be reached. */
export function boxesAt<B extends Rect>(boxes: readonly B[], point: Point, slack: number): B[] {
  const hits = boxes.filter((box) => contains(box, point, slack));
  return hits.sort((a, b) => a.width * a.height - b.width * b.height);
}

/**
 * The handle of a rectangle under a point. The whole edge can be held, not its knob
 * alone; inside, less is taken of a small box, so that it can still be moved.
 */
export function handleAt(rect: Rect, point: Point, reach: number): Handle | null {
  if (!contains(rect, point, reach)) return null;
  const inX = Math.min(reach, rect.width / 4);
  const inY = Math.min(reach, rect.height / 4);
  const west = point.x <= rect.left + inX;
  const east = point.x >= rect.left + rect.width - inX;
  const north = point.y <= rect.top + inY;
  const south = point.y >= rect.top + rect.height - inY;
  const name = `${north ? "n" : south ? "s" : ""}${west ? "w" : east ? "e" : ""}`;
  return HANDLES.find((handle) => handle === name) ?? null;
}
