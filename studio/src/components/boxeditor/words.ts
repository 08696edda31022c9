// How boxes are spoken of, on the screen and to a screen reader.

import type { EditBox, Rect } from "./types";

export function nameOf(box: EditBox): string {
  return box.label === "" ? "box without a class" : box.label;
}

export function placeOf(rect: Rect): string {
  return `${Math.round(rect.left)}, ${Math.round(rect.top)}`;
}

export function sizeOf(rect: Rect): string {
  return `${Math.round(rect.width)} × ${Math.round(rect.height)}`;
}

export function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

export function originOf(box: EditBox): string {
  if (box.confidence === null) return box.origin;
  return `${box.origin} ${box.confidence.toFixed(2)}`;
}
