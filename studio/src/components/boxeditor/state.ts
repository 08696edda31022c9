// The editor without its screen: boxes, what is selected, what can be undone.
// Positions stay fractions of a pixel in here; they are rounded once, on saving.

import { withPrevious } from "./bulk";
import { apply, backwards, difference, sameBox, savesTheSame, type Change } from "./changes";
import { cutToImage } from "./geometry";
import type { EditBox, Rect, Size } from "./types";
import { count, nameOf, placeOf, sizeOf } from "./words";

export type Deed = "draw" | "move" | "resize" | "label" | "tags" | "accept";

export interface Step {
  /** What was done, for "Undone: ...". */
  what: string;
  /** Steps of one kind that follow each other while a key is held become one. */
  kind: string;
  changes: Change[];
  selectedBefore: string | null;
  selectedAfter: string | null;
}

export interface EditorState {
  image: Size;
  boxes: readonly EditBox[];
  selected: string | null;
  locked: ReadonlySet<string>;
  past: readonly Step[];
  future: readonly Step[];
  /** The boxes before a drag that has not ended yet. */
  live: { boxes: readonly EditBox[]; selected: string | null } | null;
  /** What the studio has stored, as far as this page knows. */
  stored: readonly EditBox[];
  /** What a screen reader is told; the count makes the same words news again. */
  said: { text: string; count: number };
}

export type Patch = Partial<Omit<EditBox, "id">>;

export type Action =
  | { type: "select"; id: string | null }
  | { type: "drag"; box: EditBox }
  | { type: "drop"; deed: Deed }
  | { type: "cancel" }
  | { type: "add"; box: EditBox; what?: string }
  | { type: "change"; id: string; patch: Patch; deed: Deed; isRepeat?: boolean }
  | { type: "remove"; id: string }
  | { type: "replace"; boxes: readonly EditBox[]; what: string }
  | { type: "copy"; boxes: readonly EditBox[] }
  | { type: "undo" }
  | { type: "redo" }
  | { type: "lock"; id: string }
  | { type: "stored"; boxes: readonly EditBox[] }
  | { type: "open"; boxes: readonly EditBox[]; text: string }
  | { type: "say"; text: string };

/** Steps that can be undone; the oldest go first. */
export const MOST_STEPS = 200;

export function begin(
  image: Size,
  boxes: readonly EditBox[],
  kept?: Partial<Pick<EditorState, "boxes" | "selected" | "locked" | "past" | "future">>,
): EditorState {
  return {
    image,
    boxes,
    selected: null,
    locked: new Set(),
    past: [],
    future: [],
    live: null,
    stored: boxes,
    said: { text: "", count: 0 },
    ...kept,
  };
}

export function isDirty(state: EditorState): boolean {
  return !savesTheSame(state.live?.boxes ?? state.boxes, state.stored, state.image);
}

export function boxOf(state: EditorState, id: string | null): EditBox | undefined {
  return id === null ? undefined : state.boxes.find((box) => box.id === id);
}

export function reduce(state: EditorState, action: Action): EditorState {
  // Keys that come while the pointer drags would change boxes under its hand.
  if (state.live !== null && !["drag", "drop", "cancel", "stored", "open", "say"].includes(action.type)) {
    return state;
  }
  switch (action.type) {
    case "select":
      return select(state, action.id);
    case "drag":
      return drag(state, action.box);
    case "drop":
      return drop(state, action.deed);
    case "cancel":
      if (state.live === null) return state;
      return { ...state, ...state.live, live: null };
    case "add": {
      const what = action.what ?? `${nameOf(action.box)} drawn`;
      const boxes = [...state.boxes, action.box];
      return step(state, boxes, action.box.id, what, "add", detail("draw", action.box));
    }
    case "change":
      return change(state, action);
    case "remove":
      return remove(state, action.id);
    case "replace": {
      const isThere = action.boxes.some((box) => box.id === state.selected);
      const selected = isThere ? state.selected : null;
      return step(state, action.boxes, selected, action.what, "replace", action.what);
    }
    case "copy": {
      const { boxes, what } = withPrevious(state.boxes, action.boxes, state.image);
      return step(state, boxes, state.selected, what, "copy", what);
    }
    case "undo":
      return undo(state);
    case "redo":
      return redo(state);
    case "lock":
      return lock(state, action.id);
    case "stored":
      return { ...state, stored: action.boxes };
    case "open":
      return say(begin(state.image, action.boxes), action.text, state.said.count);
    case "say":
      return say(state, action.text);
  }
}

function say(state: EditorState, text: string, before = state.said.count): EditorState {
  return { ...state, said: { text, count: before + 1 } };
}

function select(state: EditorState, id: string | null): EditorState {
  if (id === state.selected) return state;
  const box = boxOf(state, id);
  if (box === undefined) return say({ ...state, selected: null }, "Nothing selected");
  const at = state.boxes.indexOf(box) + 1;
  const text = `${nameOf(box)}, ${at} of ${state.boxes.length}, ${sizeOf(box)} at ${placeOf(box)}`;
  return say({ ...state, selected: box.id }, text);
}

function drag(state: EditorState, dragged: EditBox): EditorState {
  if (state.locked.has(dragged.id)) return state;
  const live = state.live ?? { boxes: state.boxes, selected: state.selected };
  const at = state.boxes.findIndex((box) => box.id === dragged.id);
  const now = state.boxes[at];
  if (now !== undefined && sameBox(now, dragged)) return state;
  const isNew = now === undefined;
  const box = isNew ? dragged : byHand(dragged);
  const boxes = isNew ? [...state.boxes, box] : state.boxes.with(at, box);
  return { ...state, boxes, live, selected: dragged.id };
}

function drop(state: EditorState, deed: Deed): EditorState {
  if (state.live === null) return state;
  const { live } = state;
  const before: EditorState = { ...state, ...live, live: null };
  const boxes = state.boxes.map((box) => {
    const isMoved = live.boxes.find((old) => old.id === box.id) !== box;
    return isMoved ? cut(box, state.image) : box;
  });
  const [moved] = difference(live.boxes, boxes);
  // Back where it was: nothing happened, its origin is as it was as well.
  if (moved === undefined || isOnlyTouched(moved)) return { ...before, selected: state.selected };
  const box = moved.after;
  if (box === null) return before;
  return step(before, boxes, state.selected, phrase(deed, box), deed, detail(deed, box));
}

function isOnlyTouched({ before, after }: Change): boolean {
  if (before === null || after === null) return false;
  return sameBox(before, { ...after, origin: before.origin, confidence: before.confidence });
}

function change(
  state: EditorState,
  { id, patch, deed, isRepeat }: Extract<Action, { type: "change" }>,
): EditorState {
  const box = boxOf(state, id);
  if (box === undefined) return state;
  if (state.locked.has(id)) return say(state, `${nameOf(box)} is locked`);
  const wished = { ...box, ...patch };
  if (sameBox(box, wished)) return state;
  const next = deed === "tags" || deed === "accept" ? wished : byHand(wished);
  const boxes = state.boxes.map((other) => (other.id === id ? next : other));
  const kind = `${deed} ${id}`;
  const text = deed === "label" ? `${next.label}, was ${box.label}` : detail(deed, next);
  const last = state.past.at(-1);
  if (isRepeat === true && last !== undefined && last.kind === kind) {
    // Undone in one go: where the key was first pressed is where undo leads back to.
    const start = apply(state.boxes, backwards(last.changes));
    const joined = difference(start, boxes);
    const past = joined.length === 0 ? state.past.slice(0, -1) : state.past.with(-1, { ...last, changes: joined });
    return say({ ...state, boxes, past, future: [] }, text);
  }
  return step(state, boxes, id, phrase(deed, next), kind, text);
}

function remove(state: EditorState, id: string): EditorState {
  const at = state.boxes.findIndex((box) => box.id === id);
  const box = state.boxes[at];
  if (box === undefined) return state;
  if (state.locked.has(id)) return say(state, `${nameOf(box)} is locked`);
  const boxes = state.boxes.toSpliced(at, 1);
  const text = `${nameOf(box)} deleted, ${count(boxes.length, "box", "boxes")} left`;
  return step(state, boxes, null, `${nameOf(box)} deleted`, "remove", text);
}

function step(
  state: EditorState,
  boxes: readonly EditBox[],
  selected: string | null,
  what: string,
  kind: string,
  text: string,
): EditorState {
  const changes = difference(state.boxes, boxes);
  if (changes.length === 0) return say(state, text);
  const made: Step = {
    what,
    kind,
    changes,
    selectedBefore: state.selected,
    selectedAfter: selected,
  };
  const past = [...state.past, made].slice(-MOST_STEPS);
  return say({ ...state, boxes, selected, past, future: [] }, text);
}

function undo(state: EditorState): EditorState {
  const last = state.past.at(-1);
  if (last === undefined) return say(state, "Nothing to undo");
  const next: EditorState = {
    ...state,
    boxes: apply(state.boxes, backwards(last.changes)),
    selected: last.selectedBefore,
    past: state.past.slice(0, -1),
    future: [...state.future, last],
  };
  return say(next, `Undone: ${last.what}`);
}

function redo(state: EditorState): EditorState {
  const last = state.future.at(-1);
  if (last === undefined) return say(state, "Nothing to redo");
  const next: EditorState = {
    ...state,
    boxes: apply(state.boxes, last.changes),
    selected: last.selectedAfter,
    past: [...state.past, last],
    future: state.future.slice(0, -1),
  };
  return say(next, `Done again: ${last.what}`);
}

function lock(state: EditorState, id: string): EditorState {
  const box = boxOf(state, id);
  if (box === undefined) return state;
  const locked = new Set(state.locked);
  const isLocked = !locked.delete(id);
  if (isLocked) locked.add(id);
  return say({ ...state, locked }, `${nameOf(box)} ${isLocked ? "locked" : "unlocked"}`);
}

/** What a person moved or named is that person's word; the model's confidence is void. */
function byHand(box: EditBox): EditBox {
  if (box.origin === "person" && box.confidence === null) return box;
  return { ...box, origin: "person", confidence: null };
}

function cut(box: EditBox, image: Size): EditBox {
  const rect: Rect = cutToImage(box, image);
  const next = { ...box, ...rect };
  return sameBox(box, next) ? box : next;
}

function phrase(deed: Deed, box: EditBox): string {
  const verbs: Record<Deed, string> = {
    draw: "drawn",
    move: "moved",
    resize: "resized",
    label: "named",
    tags: "tagged",
    accept: "accepted",
  };
  return `${nameOf(box)} ${verbs[deed]}`;
}

function detail(deed: Deed, box: EditBox): string {
  const what = phrase(deed, box);
  if (deed === "draw") return `${what}, ${sizeOf(box)} at ${placeOf(box)}`;
  if (deed === "move") return `${what} to ${placeOf(box)}`;
  if (deed === "resize") return `${what} to ${sizeOf(box)}`;
  if (deed === "tags") return box.tags.length === 0 ? `${nameOf(box)}, no tags` : `${what} ${box.tags.join(", ")}`;
  return what;
}
