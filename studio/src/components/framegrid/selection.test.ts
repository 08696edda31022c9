import { expect, test } from "vitest";
import type { GridFrame } from "./model";
import { applySelection, RangeAnchor, type SelectionChange } from "./selection";

const frame = (key: string): GridFrame => ({
  key, thumbnail: null, width: 16, height: 10, boxes: [], time: "", camera: "", tags: [], isAnonymised: false, isEdited: false,
});
/** Ten frames, of which the eighth and later are not loaded. */
const frameAt = (index: number) => (index < 7 ? frame(`f${index}`) : undefined);

function check(before: string[], change: SelectionChange, after: string[], missing = 0) {
  const got = applySelection(new Set(before), change, 10, frameAt);
  expect([...got.selected].sort()).toEqual(after);
  expect(got.missing).toBe(missing);
}

test("a click selects one, a click with control adds and takes away", () => {
  check(["f1", "f2"], { kind: "only", index: 3 }, ["f3"]);
  check(["f1"], { kind: "toggle", index: 3 }, ["f1", "f3"]);
  check(["f1", "f3"], { kind: "toggle", index: 3 }, ["f1"]);
});

test("a range keeps what was selected elsewhere", () => {
  check(["f6"], { kind: "range", from: 1, to: 3, previous: null }, ["f1", "f2", "f3", "f6"]);
});

test("a range that shrinks lets go of what it had", () => {
  check(["f1", "f2", "f3", "f6"], { kind: "range", from: 1, to: 2, previous: [1, 3] }, ["f1", "f2", "f6"]);
});

test("frames that are not loaded are counted", () => {
  check([], { kind: "range", from: 5, to: 9, previous: null }, ["f5", "f6"], 3);
  check([], { kind: "all" }, ["f0", "f1", "f2", "f3", "f4", "f5", "f6"], 3);
  check(["f1"], { kind: "none" }, []);
});

test("a range goes from its anchor in either direction", () => {
  const anchor = new RangeAnchor();
  anchor.set(5);
  expect(anchor.extendTo(8)).toEqual({ kind: "range", from: 5, to: 8, previous: null });
  expect(anchor.extendTo(2)).toEqual({ kind: "range", from: 2, to: 5, previous: [5, 8] });
  anchor.set(1);
  expect(anchor.extendTo(1)).toEqual({ kind: "range", from: 1, to: 1, previous: null });
});
