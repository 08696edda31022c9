import { expect, test } from "vitest";
import { box } from "./seeded";
import { isShown, type Settings } from "./useSettings";

const settings: Settings = { opacity: 1, hasCrosshair: false, label: null, hidden: new Set(["bus"]), leastConfidence: 0.5 };

test("a hidden class and an unsure model are not shown; what a person drew always is", () => {
  expect(isShown(box("a", 0, 0, 1, 1), settings)).toBe(true);
  expect(isShown(box("a", 0, 0, 1, 1, { label: "bus" }), settings)).toBe(false);
  expect(isShown(box("a", 0, 0, 1, 1, { origin: "model", confidence: 0.49 }), settings)).toBe(false);
  expect(isShown(box("a", 0, 0, 1, 1, { origin: "model", confidence: 0.5 }), settings)).toBe(true);
  expect(isShown(box("a", 0, 0, 1, 1, { origin: "model", confidence: null }), settings)).toBe(true);
  expect(isShown(box("a", 0, 0, 1, 1, { origin: "imported", confidence: 0.1 }), settings)).toBe(true);
});
