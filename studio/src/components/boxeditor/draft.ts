// What a person did and has not saved, kept by the browser: it survives a reload, a
// closed tab and a failed save. Nothing read back is trusted.

import type { Change } from "./changes";
import type { EditorState, Step } from "./state";
import type { EditBox } from "./types";

const PREFIX = "roadloop.boxes.";
const VERSION = 1;
/** Characters of one draft: browsers give a site some five million altogether. */
const LARGEST = 400_000;
/** Frames whose drafts are kept; the oldest goes first. */
const MOST_DRAFTS = 40;

export interface Draft {
  /** The revision the boxes were opened at. */
  base: string;
  /** When it was written, in milliseconds since 1970. */
  at: number;
  /** False if everything in it is saved and only the way back is kept. */
  isDirty: boolean;
  boxes: EditBox[];
  past: Step[];
  future: Step[];
  selected: string | null;
  locked: string[];
}

export type Keep = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

export type Opened =
  | { kind: "none" }
  /** Made on what is stored now: taken up without a question. */
  | { kind: "same"; draft: Draft }
  /** Unsaved, and made on something older: a person has to choose. */
  | { kind: "conflict"; draft: Draft };

export function openDraft(keep: Keep | null, frame: string, base: string): Opened {
  const draft = readDraft(keep, frame);
  if (draft === null) return { kind: "none" };
  if (draft.base === base) return { kind: "same", draft };
  if (draft.isDirty) return { kind: "conflict", draft };
  dropDraft(keep, frame);
  return { kind: "none" };
}

export function readDraft(keep: Keep | null, frame: string): Draft | null {
  if (keep === null) return null;
  try {
    const text = keep.getItem(PREFIX + frame);
    if (text === null) return null;
    const draft = parseDraft(text);
    if (draft === null) keep.removeItem(PREFIX + frame);
    return draft;
  } catch {
    return null;
  }
}

/** True if the browser has it; false if it is full or keeps nothing. */
export function writeDraft(keep: Keep | null, frame: string, draft: Draft): boolean {
  if (keep === null) return false;
  const text = fitted(draft);
  if (text === null) return false;
  try {
    keep.setItem(PREFIX + frame, text);
    dropOldest(keep, frame, MOST_DRAFTS);
    return true;
  } catch {
    // Full: drafts of other frames are older than what is under the person's hand, but
    // they may hold unsaved work as well. Only those that are saved make room.
    return dropSaved(keep, frame) && put(keep, frame, text);
  }
}

export function dropDraft(keep: Keep | null, frame: string): void {
  try {
    keep?.removeItem(PREFIX + frame);
  } catch {
    // A browser that keeps nothing has nothing to drop.
  }
}

export function draftOf(state: EditorState, base: string, isDirty: boolean, at: number): Draft {
  return {
    base,
    at,
    isDirty,
    boxes: [...(state.live?.boxes ?? state.boxes)],
    past: [...state.past],
    future: [...state.future],
    selected: state.live?.selected ?? state.selected,
    locked: [...state.locked],
  };
}

/** The browser's storage, or null where it is switched off. */
export function browserKeep(): Keep | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

// The boxes matter most, then what can be undone, then what can be redone.
function fitted(draft: Draft): string | null {
  const text = (past: Step[], future: Step[]) =>
    JSON.stringify({ version: VERSION, ...draft, past, future });
  let whole = text(draft.past, draft.future);
  if (whole.length <= LARGEST) return whole;
  for (let steps = draft.past.length; steps > 0; steps = Math.floor(steps / 2)) {
    whole = text(draft.past.slice(-steps), []);
    if (whole.length <= LARGEST) return whole;
  }
  whole = text([], []);
  return whole.length <= LARGEST ? whole : null;
}

function put(keep: Keep, frame: string, text: string): boolean {
  try {
    keep.setItem(PREFIX + frame, text);
    return true;
  } catch {
    return false;
  }
}

function others(keep: Keep, frame: string): { frame: string; draft: Draft | null }[] {
  const found: { frame: string; draft: Draft | null }[] = [];
  for (let at = 0; at < keep.length; at += 1) {
    const key = keep.key(at);
    if (key === null || !key.startsWith(PREFIX) || key === PREFIX + frame) continue;
    const text = keep.getItem(key);
    found.push({
      frame: key.slice(PREFIX.length),
      draft: text === null ? null : parseDraft(text),
    });
  }
  return found;
}

function dropOldest(keep: Keep, frame: string, most: number): void {
  // Counted by name first: drafts are read only when there are too many.
  let drafts = 0;
  for (let at = 0; at < keep.length; at += 1) {
    if (keep.key(at)?.startsWith(PREFIX) === true) drafts += 1;
  }
  if (drafts <= most) return;
  const age = (draft: Draft | null) => (draft === null ? 0 : draft.at + (draft.isDirty ? 1e15 : 0));
  const oldest = others(keep, frame).sort((a, b) => age(a.draft) - age(b.draft));
  for (const { frame: other } of oldest.slice(0, drafts - most)) dropDraft(keep, other);
}

function dropSaved(keep: Keep, frame: string): boolean {
  const saved = others(keep, frame).filter(({ draft }) => draft === null || !draft.isDirty);
  for (const { frame: other } of saved) dropDraft(keep, other);
  return saved.length > 0;
}

export function parseDraft(text: string): Draft | null {
  try {
    const found: unknown = JSON.parse(text);
    return isRecord(found) && found.version === VERSION && isDraft(found) ? draftFrom(found) : null;
  } catch {
    return null;
  }
}

type Loose = Record<string, unknown>;

function draftFrom({ base, at, isDirty, boxes, past, future, selected, locked }: Draft): Draft {
  return { base, at, isDirty, boxes, past, future, selected, locked };
}

function isRecord(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isDraft(value: Loose): value is Loose & Draft {
  return (
    typeof value.base === "string" &&
    typeof value.at === "number" &&
    typeof value.isDirty === "boolean" &&
    isIdOrNull(value.selected) &&
    isListOf(value.locked, isText) &&
    isListOf(value.boxes, isBox) &&
    new Set(value.boxes.map((box) => box.id)).size === value.boxes.length &&
    isListOf(value.past, isStep) &&
    isListOf(value.future, isStep)
  );
}

function isStep(value: unknown): value is Step {
  return (
    isRecord(value) &&
    isText(value.what) &&
    isText(value.kind) &&
    isIdOrNull(value.selectedBefore) &&
    isIdOrNull(value.selectedAfter) &&
    isListOf(value.changes, isChange)
  );
}

function isChange(value: unknown): value is Change {
  if (!isRecord(value) || !Number.isInteger(value.at)) return false;
  const { before, after } = value;
  if (before === null && after === null) return false;
  return (before === null || isBox(before)) && (after === null || isBox(after));
}

function isBox(value: unknown): value is EditBox {
  return (
    isRecord(value) &&
    isText(value.id) &&
    isText(value.label) &&
    [value.left, value.top, value.width, value.height].every(Number.isFinite) &&
    isListOf(value.tags, isText) &&
    (value.confidence === null || Number.isFinite(value.confidence)) &&
    isText(value.origin)
  );
}

function isListOf<T>(value: unknown, is: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.every(is);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isIdOrNull(value: unknown): value is string | null {
  return value === null || isText(value);
}
