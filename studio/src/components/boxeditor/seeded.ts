// Chance for tests, the same each time: mulberry32 (public domain, Tommy Ettinger).

import type { EditBox, Rect, Size } from "./types";

export interface Chance {
  next(): number;
  between(low: number, high: number): number;
  whole(low: number, high: number): number;
  of<T>(choices: readonly T[]): T;
}

export function seeded(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const whole = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between: (low, high) => low + next() * (high - low),
    whole,
    of: (choices) => {
      const choice = choices[whole(0, choices.length - 1)];
      if (choice === undefined) throw new Error("nothing to choose from");
      return choice;
    },
  };
}

export function anyImage(chance: Chance): Size {
  return { width: chance.whole(1, 4000), height: chance.whole(1, 3000) };
}

/** Anywhere on or around the image, of any size. */
export function anyRect(chance: Chance, image: Size): Rect {
  return {
    left: chance.between(-image.width, 2 * image.width),
    top: chance.between(-image.height, 2 * image.height),
    width: chance.between(0, 1.5 * image.width),
    height: chance.between(0, 1.5 * image.height),
  };
}

export function anyBox(chance: Chance, image: Size, id: string): EditBox {
  const isModel = chance.next() < 0.5;
  return {
    id,
    ...anyRect(chance, image),
    label: chance.of(["car", "person", "bus"]),
    tags: chance.next() < 0.3 ? ["occluded"] : [],
    confidence: isModel ? chance.next() : null,
    origin: isModel ? "model" : "person",
  };
}

export function box(id: string, left: number, top: number, width: number, height: number, more: Partial<EditBox> = {}): EditBox {
  return { id, label: "car", left, top, width, height, tags: [], confidence: null, origin: "person", ...more };
}
