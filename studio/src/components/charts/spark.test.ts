import { expect, test } from "vitest";
import { sparkPoints } from "./Sparkline";

test("the line goes from rim to rim, the greatest on top", () => {
  expect(sparkPoints([0, 10, 5], 100, 24)).toEqual([[2, 22], [50, 2], [98, 12]]);
});
test("what does not change lies in the middle; what is not a number is left out", () => {
  expect(sparkPoints([3, 3], 100, 24)).toEqual([[2, 12], [98, 12]]);
  expect(sparkPoints([NaN, 4], 100, 24)).toEqual([[98, 12]]);
  expect(sparkPoints([], 100, 24)).toEqual([]);
});
