// How the image lies on the screen: `screen = image * scale + offset`.

import { clamp } from "./geometry";
import type { Point, Rect, Size } from "./types";

export interface View {
  scale: number;
  x: number;
  y: number;
}

const LARGEST_SCALE = 64;
/** Screen pixels that stay free around an image that fits. */
const MARGIN = 16;
/** Screen pixels of the image that stay in sight however far it is pushed. */
const KEPT_IN_SIGHT = 48;

export function fitScale(image: Size, room: Size): number {
  const free = (side: number) => Math.max(side - 2 * MARGIN, 1);
  return Math.min(free(room.width) / image.width, free(room.height) / image.height);
}

export function fit(image: Size, room: Size): View {
  return centred(image, room, clamp(fitScale(image, room), 0.01, LARGEST_SCALE));
}

export function centred(image: Size, room: Size, scale: number): View {
  return {
    scale,
    x: (room.width - image.width * scale) / 2,
    y: (room.height - image.height * scale) / 2,
  };
}

export function smallestScale(image: Size, room: Size): number {
  return Math.min(fitScale(image, room) / 2, 1);
}

/** Zooms so that the point of the image under `at` stays under it. */
export function zoomAt(view: View, at: Point, factor: number, image: Size, room: Size): View {
  const scale = clamp(view.scale * factor, smallestScale(image, room), LARGEST_SCALE);
  const real = scale / view.scale;
  return { scale, x: at.x - (at.x - view.x) * real, y: at.y - (at.y - view.y) * real };
}

export function pan(view: View, by: Point, image: Size, room: Size): View {
  const kept = (offset: number, side: number, length: number) => {
    const least = Math.min(KEPT_IN_SIGHT, length / 2);
    return clamp(offset, least - length, side - least);
  };
  return {
    scale: view.scale,
    x: kept(view.x + by.x, room.width, image.width * view.scale),
    y: kept(view.y + by.y, room.height, image.height * view.scale),
  };
}

/** Shows a rectangle with as much of its surroundings as it is large. */
export function zoomTo(rect: Rect, image: Size, room: Size): View {
  const scale = clamp(
    Math.min(room.width / (rect.width * 2), room.height / (rect.height * 2)),
    smallestScale(image, room),
    LARGEST_SCALE / 4,
  );
  return {
    scale,
    x: room.width / 2 - (rect.left + rect.width / 2) * scale,
    y: room.height / 2 - (rect.top + rect.height / 2) * scale,
  };
}

/** Moves the view just so far that a rectangle is seen; the same view if it is already. */
export function bringIntoSight(view: View, rect: Rect, room: Size): View {
  const shift = (offset: number, from: number, length: number, side: number) => {
    const low = offset + from * view.scale;
    const high = low + length * view.scale;
    if (high - low > side - 2 * MARGIN) {
      // Larger than the room: enough when some of it is seen.
      return high < MARGIN || low > side - MARGIN ? (side - (high - low)) / 2 - low : 0;
    }
    if (low < MARGIN) return MARGIN - low;
    return high > side - MARGIN ? side - MARGIN - high : 0;
  };
  const x = shift(view.x, rect.left, rect.width, room.width);
  const y = shift(view.y, rect.top, rect.height, room.height);
  return x === 0 && y === 0 ? view : { scale: view.scale, x: view.x + x, y: view.y + y };
}

export function toImage(view: View, screen: Point): Point {
  return { x: (screen.x - view.x) / view.scale, y: (screen.y - view.y) / view.scale };
}

export function toScreen(view: View, point: Point): Point {
  return { x: point.x * view.scale + view.x, y: point.y * view.scale + view.y };
}

/** The part of the image that is in sight, as a rectangle on it. */
export function inSight(view: View, image: Size, room: Size): Rect {
  const low = toImage(view, { x: 0, y: 0 });
  const high = toImage(view, { x: room.width, y: room.height });
  const left = clamp(low.x, 0, image.width);
  const top = clamp(low.y, 0, image.height);
  return {
    left,
    top,
    width: clamp(high.x, 0, image.width) - left,
    height: clamp(high.y, 0, image.height) - top,
  };
}

export interface Wheel {
  deltaX: number;
  deltaY: number;
  deltaMode: number;
  ctrlKey: boolean;
  shiftKey: boolean;
}

/**
 * What a wheel event wishes. Browsers do not say whether a wheel or a trackpad sent it:
 * a pinch comes with Ctrl, a wheel in large steps along one axis, two fingers in small
 * or slanted ones.
 */
export function wheelWish(wheel: Wheel): { zoom: number } | { pan: Point } {
  const unit = wheel.deltaMode === 1 ? 33 : wheel.deltaMode === 2 ? 400 : 1;
  const x = wheel.deltaX * unit;
  const y = wheel.deltaY * unit;
  if (wheel.ctrlKey) {
    // Fingers send few pixels at a time, a wheel held with Ctrl sends a hundred.
    const strength = Math.abs(y) >= 50 ? 0.002 : 0.01;
    return { zoom: Math.exp(-y * strength) };
  }
  const isStep = wheel.deltaMode !== 0 || (Number.isInteger(y) && Math.abs(y) >= 50);
  if (isStep && x === 0 && !wheel.shiftKey) return { zoom: Math.exp(-y * 0.002) };
  const sideways = wheel.shiftKey && x === 0;
  return { pan: sideways ? { x: -y, y: 0 } : { x: -x, y: -y } };
}
