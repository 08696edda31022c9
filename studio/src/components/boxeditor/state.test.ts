import { describe, expect, test } from "vitest";
import { apply, backwards, difference, toSaved } from "./changes";
import { isInside } from "./geometry";
import { anyBox, anyImage, box, seeded, type Chance } from "./seeded";
import { MOST_STEPS, begin, boxOf, isDirty, reduce, type Action, type EditorState } from "./state";

const image = { width: 640, height: 480 };
const start = begin(image, [
  box("a", 10, 10, 100, 50),
  box("b", 200, 100, 60, 60, { label: "bus", origin: "model", confidence: 0.7 }),
]);

function run(state: EditorState, ...actions: Action[]): EditorState {
  return actions.reduce(reduce, state);
}

function anyAction(chance: Chance, state: EditorState, round: number): Action {
  const { id } = state.boxes.length === 0 ? { id: "none" } : chance.of(state.boxes);
  const patch = { left: chance.between(0, 500), top: chance.between(0, 400) };
  return chance.of<Action>([
    { type: "select", id },
    { type: "add", box: anyBox(chance, state.image, `new-${round}`) },
    { type: "change", id, patch, deed: "move", isRepeat: chance.next() < 0.4 },
    { type: "change", id, patch: { label: chance.of(["car", "van"]) }, deed: "label" },
    { type: "change", id, patch: { tags: [`t${round}`] }, deed: "tags" },
    { type: "remove", id },
    { type: "lock", id },
    { type: "replace", boxes: state.boxes.filter(() => chance.next() < 0.8), what: "some removed" },
    { type: "undo" },
    { type: "redo" },
  ]);
}

describe("history", () => {
  test("a difference leads there and back", () => {
    const chance = seeded(7);
    for (let round = 0; round < 2000; round += 1) {
      const size = anyImage(chance);
      const before = Array.from({ length: chance.whole(0, 8) }, (_, at) => anyBox(chance, size, `b${at}`));
      const after = before.filter(() => chance.next() < 0.7).map((old) => (chance.next() < 0.5 ? old : { ...old, left: 1 }));
      for (let at = chance.whole(0, 3); at > 0; at -= 1) {
        after.splice(chance.whole(0, after.length), 0, anyBox(chance, size, `n${at}`));
      }
      const changes = difference(before, after);
      expect(apply(before, changes)).toEqual(after);
      expect(apply(after, backwards(changes))).toEqual(before);
    }
  });

  test("undoing a deed gives what was before it, doing it again what was after", () => {
    const chance = seeded(8);
    let state = start;
    for (let round = 0; round < 3000; round += 1) {
      const next = reduce(state, anyAction(chance, state, round));
      if (next.past.length > state.past.length && next.future.length === 0 && state.future.length === 0) {
        const undone = reduce(next, { type: "undo" });
        expect(undone.boxes).toEqual(state.boxes);
        expect(undone.selected).toBe(state.selected);
        const again = reduce(undone, { type: "redo" });
        expect(again.boxes).toEqual(next.boxes);
        expect(again.selected).toBe(next.selected);
      }
      state = next;
    }
    expect(state.past.length).toBeLessThanOrEqual(MOST_STEPS);
  });

  test("undone to the first step, everything is as it was opened", () => {
    const chance = seeded(9);
    for (let round = 0; round < 50; round += 1) {
      let state = start;
      for (let deed = 0; deed < 60; deed += 1) state = reduce(state, anyAction(chance, state, deed));
      while (state.past.length > 0) state = reduce(state, { type: "undo" });
      expect(state.boxes).toEqual(start.boxes);
      expect(isDirty(state)).toBe(false);
    }
  });

  test("a held key is one step, each press of its own is another", () => {
    const nudge = (left: number, isRepeat: boolean): Action => ({ type: "change", id: "a", patch: { left }, deed: "move", isRepeat });
    const held = run(start, nudge(11, false), nudge(12, true), nudge(13, true));
    expect(held.past).toHaveLength(1);
    expect(reduce(held, { type: "undo" }).boxes).toEqual(start.boxes);
    expect(run(start, nudge(11, false), nudge(12, false)).past).toHaveLength(2);
  });

  test("a new deed after undo forgets what could be done again", () => {
    const state = run(start, { type: "remove", id: "a" }, { type: "undo" }, { type: "remove", id: "b" });
    expect(state.future).toEqual([]);
  });
});

describe("dragging", () => {
  const at = (left: number) => ({ ...box("a", left, 10, 100, 50) });

  test("is one step, however many moves", () => {
    const state = run(start, { type: "drag", box: at(20) }, { type: "drag", box: at(40) }, { type: "drop", deed: "move" });
    expect(state.past).toHaveLength(1);
    expect(boxOf(state, "a")?.left).toBe(40);
    expect(state.said.text).toBe("car moved to 40, 10");
    expect(reduce(state, { type: "undo" }).boxes).toEqual(start.boxes);
  });

  test("a click alone changes nothing and pushes nothing", () => {
    const state = run(start, { type: "select", id: "a" }, { type: "drag", box: at(10) }, { type: "drop", deed: "move" });
    expect(state.past).toEqual([]);
    expect(state.boxes).toBe(start.boxes);
    expect(isDirty(state)).toBe(false);
  });

  test("back where it began is no step, and the model's box is still the model's", () => {
    const model = boxOf(start, "b");
    if (model === undefined) throw new Error("no box");
    const state = run(start, { type: "drag", box: { ...model, left: 1 } }, { type: "drag", box: model }, { type: "drop", deed: "move" });
    expect(state.past).toEqual([]);
    expect(state.boxes).toEqual(start.boxes);
  });

  test("given up, it was never there", () => {
    const state = run(start, { type: "drag", box: box("new", 0, 0, 5, 5) }, { type: "cancel" });
    expect(state.boxes).toBe(start.boxes);
    expect(state.selected).toBeNull();
  });

  test("keys wait until it ends", () => {
    const dragged = reduce(start, { type: "drag", box: at(20) });
    expect(reduce(dragged, { type: "undo" })).toBe(dragged);
    expect(reduce(dragged, { type: "remove", id: "a" })).toBe(dragged);
  });
});

test("what a person moves or names is the person's; tags leave the origin alone", () => {
  const moved = reduce(start, { type: "change", id: "b", patch: { left: 5 }, deed: "move" });
  expect(boxOf(moved, "b")).toMatchObject({ origin: "person", confidence: null });
  const tagged = reduce(start, { type: "change", id: "b", patch: { tags: ["occluded"] }, deed: "tags" });
  expect(boxOf(tagged, "b")).toMatchObject({ origin: "model", confidence: 0.7 });
});

test("a locked box is neither changed nor deleted", () => {
  const locked = reduce(start, { type: "lock", id: "a" });
  const tried = run(locked, { type: "remove", id: "a" }, { type: "change", id: "a", patch: { left: 0 }, deed: "move" }, { type: "drag", box: box("a", 0, 0, 9, 9) });
  expect(tried.boxes).toBe(start.boxes);
  expect(tried.said.text).toBe("car is locked");
});

test("unsaved until stored, and again when undone after that", () => {
  const moved = reduce(start, { type: "change", id: "a", patch: { left: 50 }, deed: "move" });
  expect(isDirty(moved)).toBe(true);
  const stored = reduce(moved, { type: "stored", boxes: moved.boxes });
  expect(isDirty(stored)).toBe(false);
  expect(isDirty(reduce(stored, { type: "undo" }))).toBe(true);
});

test("less than half a pixel is nothing to save", () => {
  expect(isDirty(reduce(start, { type: "change", id: "a", patch: { left: 10.3 }, deed: "move" }))).toBe(false);
});

test("whatever was done, what is saved is whole pixels inside the image", () => {
  const chance = seeded(10);
  let state = start;
  for (let round = 0; round < 500; round += 1) {
    state = reduce(state, anyAction(chance, state, round));
    for (const saved of toSaved(state.boxes, image)) {
      expect(isInside(saved, image)).toBe(true);
      expect([saved.left, saved.top, saved.width, saved.height].every(Number.isInteger)).toBe(true);
      expect(Math.min(saved.width, saved.height)).toBeGreaterThanOrEqual(1);
    }
  }
});
