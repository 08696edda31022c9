import { describe, expect, it } from "vitest";
import { numberTicks, shareOf, shortNumber, thinned } from "./axis";

describe("axes of numbers", () => {
  it("name round numbers, five at most", () => {
    expect(numberTicks(4, false)).toEqual([1, 2, 3, 4]);
    expect(numberTicks(1, false)).toEqual([1]);
    expect(numberTicks(1234, false)).toEqual([500, 1000]);
    expect(numberTicks(48_000, false)).toEqual([10_000, 20_000, 30_000, 40_000]);
    expect(numberTicks(1500, true)).toEqual([1, 10, 100, 1000]);
    expect(numberTicks(3e6, true)).toEqual([1, 100, 10_000, 1e6]);
    for (const none of [0, -1, NaN, Infinity]) expect(numberTicks(none, false)).toEqual([]);
  });

  it("have a place for every number", () => {
    expect(shareOf(50, 100, false)).toBe(0.5);
    expect(shareOf(0, 100, true)).toBe(0);
    expect(shareOf(1e9, 100, true)).toBe(1);
    expect(shareOf(NaN, 100, false)).toBe(0);
  });

  it("write them short", () => {
    expect([7, 999.6, 1249, 34_000_000, 0.125].map(shortNumber)).toEqual(["7", "1k", "1.2k", "34M", "0.125"]);
  });

  it("leave labels out that would touch", () => {
    expect(thinned(["0", "1", "2"], 300)).toEqual([0, 1, 2]);
    expect(thinned(Array.from({ length: 50 }, (_, at) => `${at}`), 300)).toEqual([0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48]);
    expect(thinned([], 300)).toEqual([]);
  });
});
