import { expect, test } from "vitest";
import { widthAfterKey, withinLimits } from "./split";

const limits = { least: 200, most: 500 };

test("the border goes where the arrow points", () => {
  expect(widthAfterKey("ArrowRight", 300, "left", limits)).toBe(316);
  expect(widthAfterKey("ArrowRight", 300, "right", limits)).toBe(284);
  expect(widthAfterKey("Home", 300, "right", limits)).toBe(200);
  expect(widthAfterKey("End", 300, "left", limits)).toBe(500);
  expect(widthAfterKey("a", 300, "left", limits)).toBeUndefined();
});

test("within the limits, of which the least wins", () => {
  expect(withinLimits(10, limits)).toBe(200);
  expect(withinLimits(900, limits)).toBe(500);
  expect(withinLimits(900, { least: 200, most: 100 })).toBe(200);
});
