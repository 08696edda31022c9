// What one step did to the boxes, kept as the difference: small enough to lie in a
// draft, and the same thing read backwards is its undoing.

import { sameRect, toPixels } from "./geometry";
import type { EditBox, SavedBox, Size } from "./types";

export interface Change {
  /** Where the box stands in the list: after the step if it is new, before it otherwise. */
  at: number;
  /** Null if the step added the box. */
  before: EditBox | null;
  /** Null if the step removed it. */
  after: EditBox | null;
}

/** How to come from one list to another; boxes in both keep their order. */
export function difference(before: readonly EditBox[], after: readonly EditBox[]): Change[] {
  const changes: Change[] = [];
  const old = new Map(before.map((box) => [box.id, box]));
  const kept = new Set<string>();
  after.forEach((box, at) => {
    const was = old.get(box.id) ?? null;
    kept.add(box.id);
    if (was === null || !sameBox(was, box)) changes.push({ at, before: was, after: box });
  });
  before.forEach((box, at) => {
    if (!kept.has(box.id)) changes.push({ at, before: box, after: null });
  });
  return changes;
}

export function apply(boxes: readonly EditBox[], changes: readonly Change[]): EditBox[] {
  const next = new Map<string, EditBox | null>();
  const added: Change[] = [];
  for (const change of changes) {
    if (change.before === null) added.push(change);
    else next.set(change.before.id, change.after);
  }
  const result: EditBox[] = [];
  for (const box of boxes) {
    const now = next.get(box.id);
    if (now === undefined) result.push(box);
    else if (now !== null) result.push(now);
  }
  added.sort((a, b) => a.at - b.at);
  for (const { at, after } of added) {
    if (after !== null) result.splice(at, 0, after);
  }
  return result;
}

export function backwards(changes: readonly Change[]): Change[] {
  return changes.map(({ at, before, after }) => ({ at, before: after, after: before }));
}

export function sameBox(a: EditBox, b: EditBox): boolean {
  return a === b || (a.id === b.id && sameRect(a, b) && sameWords(a, b));
}

function sameWords(a: EditBox, b: EditBox): boolean {
  return (
    a.label === b.label &&
    a.confidence === b.confidence &&
    a.origin === b.origin &&
    a.tags.length === b.tags.length &&
    a.tags.every((tag, at) => tag === b.tags[at])
  );
}

export function toSaved(boxes: readonly EditBox[], image: Size): SavedBox[] {
  return boxes.map((box) => ({ ...box, tags: [...box.tags], ...toPixels(box, image) }));
}

/**
 * Whether saving one list would store the same as saving the other. Ids are left out:
 * a studio may give new boxes ids of its own when it stores them.
 */
export function savesTheSame(
  a: readonly EditBox[],
  b: readonly EditBox[],
  image: Size,
): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  return a.every((box, at) => {
    const other = b[at];
    if (other === undefined) return false;
    if (box === other) return true;
    return sameWords(box, other) && sameRect(toPixels(box, image), toPixels(other, image));
  });
}
