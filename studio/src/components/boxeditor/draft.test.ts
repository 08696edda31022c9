import { expect, test } from "vitest";
import { draftOf, openDraft, parseDraft, readDraft, writeDraft, type Keep } from "./draft";
import { anyBox, box, seeded } from "./seeded";
import { begin, isDirty, reduce, type EditorState } from "./state";

class Memory implements Keep {
  readonly items = new Map<string, string>();
  constructor(readonly most = Infinity) {}
  get length() {
    return this.items.size;
  }
  key(at: number) {
    return [...this.items.keys()][at] ?? null;
  }
  getItem(key: string) {
    return this.items.get(key) ?? null;
  }
  removeItem(key: string) {
    this.items.delete(key);
  }
  setItem(key: string, value: string) {
    const others = [...this.items].reduce((sum, [name, text]) => sum + (name === key ? 0 : text.length), 0);
    if (others + value.length > this.most) throw new Error("QuotaExceededError");
    this.items.set(key, value);
  }
}

const image = { width: 640, height: 480 };
const opened = begin(image, [box("a", 10, 10, 100, 50)]);
const worked = [
  { type: "change", id: "a", patch: { left: 12.25 }, deed: "move" },
  { type: "add", box: box("b", 1, 2, 3, 4) },
  { type: "undo" },
] as const;
const state: EditorState = worked.reduce<EditorState>((now, action) => reduce(now, action), opened);

test("boxes and both ways through history survive", () => {
  const keep = new Memory();
  expect(writeDraft(keep, "f1", draftOf(state, "r1", true, 5))).toBe(true);
  const found = openDraft(keep, "f1", "r1");
  if (found.kind !== "same") throw new Error(found.kind);
  const { boxes, past, future, selected } = found.draft;
  const again = begin(image, opened.boxes, { boxes, past, future, selected });
  expect(again.boxes).toEqual(state.boxes);
  expect(isDirty(again)).toBe(true);
  expect(reduce(again, { type: "undo" }).boxes).toEqual(opened.boxes);
  expect(reduce(again, { type: "redo" }).boxes).toHaveLength(2);
  expect(openDraft(keep, "f2", "r1").kind).toBe("none");
});

test("a drag that has not ended is not in the draft", () => {
  const dragged = reduce(state, { type: "drag", box: box("a", 99, 9, 9, 9) });
  expect(draftOf(dragged, "r1", true, 5).boxes).toEqual(state.boxes);
});

test("unsaved work on an older revision is a conflict, saved work is forgotten", () => {
  const keep = new Memory();
  writeDraft(keep, "f1", draftOf(state, "r1", true, 5));
  expect(openDraft(keep, "f1", "r2").kind).toBe("conflict");
  writeDraft(keep, "f1", draftOf(state, "r1", false, 5));
  expect(openDraft(keep, "f1", "r2").kind).toBe("none");
  expect(keep.length).toBe(0);
});

test("what is damaged is dropped, wherever the damage is", () => {
  const keep = new Memory();
  const whole = JSON.stringify({ version: 1, ...draftOf(state, "r1", true, 5) });
  expect(parseDraft(whole)).not.toBeNull();
  const chance = seeded(12);
  for (let round = 0; round < 3000; round += 1) {
    const at = chance.whole(0, whole.length - 1);
    const damaged = chance.next() < 0.5 ? whole.slice(0, at) : whole.slice(0, at) + chance.of(["{", "null", "x", '"', "-"]) + whole.slice(at + 1);
    const found = parseDraft(damaged);
    if (found === null) continue;
    // What still parses is a draft through and through: it can be opened and undone.
    let again = begin(image, [], { ...found, locked: new Set(found.locked) });
    while (again.past.length > 0) again = reduce(again, { type: "undo" });
  }
  for (const text of ["", "7", "[]", "null", "{}", whole.replace('"version":1', '"version":2'), whole.replace('"left":12.25', '"left":"12"')]) {
    keep.items.set("roadloop.boxes.f1", text);
    expect(readDraft(keep, "f1")).toBeNull();
    expect(keep.length).toBe(0);
  }
});

test("two boxes of one id are no draft", () => {
  const draft = { ...draftOf(state, "r1", true, 5), boxes: [box("a", 1, 1, 1, 1), box("a", 2, 2, 2, 2)] };
  expect(parseDraft(JSON.stringify({ version: 1, ...draft }))).toBeNull();
});

test("a draft stays within its bounds: steps go before boxes", () => {
  const chance = seeded(13);
  let large = begin(image, Array.from({ length: 500 }, (_, at) => anyBox(chance, image, `b${at}`)));
  for (let round = 0; round < 150; round += 1) {
    const boxes = large.boxes.map((old) => ({ ...old, left: old.left + 1 }));
    large = reduce(large, { type: "replace", boxes, what: "all moved" });
  }
  const keep = new Memory();
  expect(writeDraft(keep, "f1", draftOf(large, "r1", true, 5))).toBe(true);
  expect(keep.getItem("roadloop.boxes.f1")?.length).toBeLessThanOrEqual(400_000);
  expect(readDraft(keep, "f1")?.boxes).toEqual(large.boxes);
});

test("only so many drafts are kept; saved ones go first, then the oldest", () => {
  const keep = new Memory();
  for (let frame = 0; frame < 45; frame += 1) {
    writeDraft(keep, `f${frame}`, draftOf(state, "r1", frame !== 20, frame));
  }
  expect(keep.length).toBe(40);
  expect(keep.getItem("roadloop.boxes.f20")).toBeNull();
  expect(keep.getItem("roadloop.boxes.f0")).toBeNull();
  expect(keep.getItem("roadloop.boxes.f44")).not.toBeNull();
});

test("a full browser makes room by forgetting what is saved, and says so if that is not enough", () => {
  const size = JSON.stringify({ version: 1, ...draftOf(state, "r1", true, 5) }).length;
  const keep = new Memory(Math.floor(size * 1.5));
  expect(writeDraft(keep, "f1", draftOf(state, "r1", false, 5))).toBe(true);
  expect(writeDraft(keep, "f2", draftOf(state, "r1", true, 5))).toBe(true);
  expect(keep.getItem("roadloop.boxes.f1")).toBeNull();
  expect(writeDraft(keep, "f3", draftOf(state, "r1", true, 5))).toBe(false);
  expect(keep.getItem("roadloop.boxes.f2")).not.toBeNull();
});

test("no storage, no draft, no trouble", () => {
  expect(writeDraft(null, "f1", draftOf(state, "r1", true, 5))).toBe(false);
  expect(openDraft(null, "f1", "r1").kind).toBe("none");
});
