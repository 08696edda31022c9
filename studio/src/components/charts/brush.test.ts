import { describe, expect, test } from "vitest";
import { barsPath, bucketAt, condense, endOf, moveEnd, placeEnd, rangeOver, timeAt, xOf } from "./brush";

const buckets = { start: 1000, step: 10, counts: Array.from({ length: 50 }, () => 1) };

test("pixels to buckets and times, and back", () => {
  expect(bucketAt(buckets, -5, 500)).toBe(0);
  expect(bucketAt(buckets, 10, 500)).toBe(1);
  expect(bucketAt(buckets, 999, 500)).toBe(49);
  expect(timeAt(buckets, 250, 500)).toBe(1250);
  expect(xOf(buckets, 1250, 500)).toBe(250);
  expect(endOf(buckets)).toBe(1500);
});

test("a range over two buckets holds both, in either direction", () => {
  expect(rangeOver(buckets, 3, 5)).toEqual([1030, 1060]);
  expect(rangeOver(buckets, 5, 3)).toEqual([1030, 1060]);
  expect(rangeOver(buckets, 4, 4)).toEqual([1040, 1050]);
});

describe("an end of the range", () => {
  const range = [1030, 1060] as const;
  test("moves by keys", () => {
    expect(moveEnd(buckets, range, 0, "ArrowLeft", false)).toEqual([1020, 1060]);
    expect(moveEnd(buckets, range, 1, "ArrowRight", true)).toEqual([1030, 1160]);
    expect(moveEnd(buckets, range, 0, "Home", false)).toEqual([1000, 1060]);
    expect(moveEnd(buckets, range, 1, "End", false)).toEqual([1030, 1500]);
    expect(moveEnd(buckets, range, 1, "x", false)).toBeUndefined();
  });
  test("never passes the other", () => {
    expect(moveEnd(buckets, range, 0, "ArrowRight", true)).toEqual([1050, 1060]);
    expect(moveEnd(buckets, range, 1, "Home", false)).toEqual([1030, 1040]);
  });
  test("stays in the line and on a border", () => {
    expect(placeEnd(buckets, range, 0, -5)).toEqual([1000, 1060]);
    expect(placeEnd(buckets, range, 1, 1074)).toEqual([1030, 1070]);
  });
});

test("too many buckets are added up, and none is lost", () => {
  const many = condense(Array.from({ length: 1001 }, () => 2), 500, 2);
  expect(many.each).toBe(5);
  expect(many.counts.length).toBe(201);
  expect(many.counts.reduce((sum, count) => sum + count, 0)).toBe(2002);
  expect(condense([1, 2, 3], 500, 2)).toEqual({ counts: [1, 2, 3], each: 1 });
});

test("few are drawn at least a pixel high, none is not drawn", () => {
  expect(barsPath([1000, 1, 0], 1000, 30, 50, 1 / 3)).toBe("M0.0 50V0.0H9.0V50ZM10.0 50V49.0H19.0V50Z");
  expect(barsPath([0], 0, 30, 50, 1)).toBe("");
});
