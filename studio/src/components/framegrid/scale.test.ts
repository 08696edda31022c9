import { describe, expect, test } from "vitest";
import { afterScroll, atRest, isScaled, MAX_PHYSICAL, scaleFor, toPhysical, toVirtual } from "./scale";

const VIEWPORT = 900;
// A million frames in five columns of 180 pixels a row.
const big = scaleFor(36_000_000, VIEWPORT);

test("what a browser can lay out is not scaled", () => {
  const small = scaleFor(2_000_000, VIEWPORT);
  expect(isScaled(small)).toBe(false);
  expect(small.physicalHeight).toBe(2_000_000);
  expect(toVirtual(small, 123_456)).toBe(123_456);
  expect(afterScroll(small, { physical: 0, virtual: 0 }, 999_999)).toEqual({ physical: 999_999, virtual: 999_999 });
});

describe("higher than a browser can lay out", () => {
  test("the element stays at the limit and both ends meet", () => {
    expect(isScaled(big)).toBe(true);
    expect(big.physicalHeight).toBe(MAX_PHYSICAL);
    expect(toVirtual(big, 0)).toBe(0);
    expect(toVirtual(big, MAX_PHYSICAL - VIEWPORT)).toBe(36_000_000 - VIEWPORT);
  });

  test("there and back is the same place, and order is kept", () => {
    let before = -1;
    for (let physical = 0; physical <= MAX_PHYSICAL - VIEWPORT; physical += 99_991) {
      const virtual = toVirtual(big, physical);
      expect(virtual).toBeGreaterThan(before);
      expect(toPhysical(big, virtual)).toBeCloseTo(physical, 4);
      before = virtual;
    }
  });

  test("near the ends pixels are pixels", () => {
    expect(toVirtual(big, 50_000) - toVirtual(big, 49_900)).toBe(100);
    const end = MAX_PHYSICAL - VIEWPORT;
    expect(toVirtual(big, end) - toVirtual(big, end - 100)).toBe(100);
  });

  test("a wheel step moves by its own pixels, anywhere", () => {
    const middle = { physical: 7_000_000, virtual: toVirtual(big, 7_000_000) };
    const after = afterScroll(big, middle, 7_000_120);
    expect(after.virtual - middle.virtual).toBe(120);
  });

  test("a jump of the bar goes by proportion", () => {
    const after = afterScroll(big, { physical: 0, virtual: 0 }, 10_000_000);
    expect(after.virtual).toBe(toVirtual(big, 10_000_000));
  });

  test("at rest the bar is set right without moving the grid", () => {
    let place = { physical: 7_000_000, virtual: toVirtual(big, 7_000_000) };
    for (let step = 0; step < 500; step++) place = afterScroll(big, place, place.physical + 900);
    const bar = atRest(big, place);
    expect(bar).not.toBe(place.physical);
    expect(toVirtual(big, bar)).toBeCloseTo(place.virtual, -1);
    // The event of setting the bar is no step: the place is kept by whoever set it.
    expect(atRest(big, { physical: bar, virtual: place.virtual })).toBe(bar);
  });

  test("steps alone reach both ends", () => {
    let place = { physical: MAX_PHYSICAL - VIEWPORT - 5000, virtual: 0 };
    place.virtual = toVirtual(big, place.physical);
    for (let step = 0; step < 100; step++) {
      const physical = Math.min(MAX_PHYSICAL - VIEWPORT, place.physical + 120);
      place = afterScroll(big, place, physical);
      place = { physical: atRest(big, place), virtual: place.virtual };
    }
    expect(place.virtual).toBe(36_000_000 - VIEWPORT);
    for (let step = 0; step < 100; step++) place = afterScroll(big, place, Math.max(0, place.physical - 120));
    expect(36_000_000 - VIEWPORT - place.virtual).toBe(12_000);
  });

  test("every row of a million frames can be shown", () => {
    for (const row of [0, 1, 99_999, 100_000, 199_998, 199_999]) {
      const virtual = Math.min(row * 180, 36_000_000 - VIEWPORT);
      const bar = Math.round(toPhysical(big, virtual));
      expect(bar).toBeGreaterThanOrEqual(0);
      expect(bar).toBeLessThanOrEqual(MAX_PHYSICAL - VIEWPORT);
      // Within a row of the place, though one pixel of the bar is more than one of the grid.
      expect(Math.abs(toVirtual(big, bar) - virtual)).toBeLessThan(180);
    }
  });
});
