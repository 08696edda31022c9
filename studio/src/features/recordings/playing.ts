// Which frame of a camera is seen at a moment of its film.

import { millis } from "../../app/address";

/** Frames that are asked for together. */
export const PLAYER_PAGE = 120;

export function pageOf(place: number): number {
  return Math.floor(Math.max(0, place) / PLAYER_PAGE);
}

/** The place of the last frame that was taken at a time or before it, among frames in order. */
export function lastAt(frames: readonly { taken_at: string }[], time: number): number {
  let [low, high] = [0, frames.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (millis(frames[middle]?.taken_at ?? "") <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
