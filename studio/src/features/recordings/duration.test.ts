import { expect, it } from "vitest";
import { bytes, duration } from "./duration";

it("says how long and how large", () => {
  expect([0, 4.73, 61, 3599.6, 7384].map(duration)).toEqual(["0.0 s", "4.7 s", "1:01", "1:00:00", "2:03:04"]);
  expect([0, 999, 1500, 12_345_678, 5e15].map(bytes)).toEqual(["0 B", "999 B", "1.5 kB", "12 MB", "5000 TB"]);
});
