// How boxes are spoken of, on the screen and to a screen reader.

import type { EditBox, Rect } from "./types";

export function nameOf(box: EditBox): string {
  return box.label === "" ? "box without a class" : box.label;
}

export function placeOf(rect: Rect): string {
  return `${Math.round(rect.left)}, ${Math.round(rect.top)}`;
}

/** As it will be saved: from rounded edge to rounded edge. */
export function sizeOf({ left, top, width, height }: Rect): string {
  return `${wholeSpan(left, width)} × ${wholeSpan(top, height)}`;
}

function wholeSpan(from: number, length: number): number {
  return Math.max(Math.round(from + length) - Math.round(from), 1);
}

export function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

export function originOf(box: EditBox): string {
  if (box.confidence === null) return box.origin;
  return `${box.origin} ${box.confidence.toFixed(2)}`;
}
