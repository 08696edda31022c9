import { expect, it } from "vitest";
import { neighbours } from "./order";

it("goes through a list as it was", () => {
  const list = [7, 3, 9];
  expect(neighbours(list, 7)).toEqual({ place: 0, before: undefined, after: 3 });
  expect(neighbours(list, 9)).toEqual({ place: 2, before: 3, after: undefined });
  // Who came from elsewhere begins with the worst.
  expect(neighbours(list, 5)).toEqual({ place: -1, before: undefined, after: 7 });
  expect(neighbours(undefined, 5)).toEqual({ place: -1, before: undefined, after: undefined });
});
