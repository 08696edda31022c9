// Boxes between the API, the editor and what two hands made of one draft.

import { isSameThing } from "../../components/boxeditor/lints";
import type { EditBox, SavedBox, SeenBoxes } from "../../components/boxeditor/types";
import type { Assignment, LabelClass, PersonsBox, Purpose } from "../../api/labelling";

/** What a model proposes is its word until it is accepted; the boxes of an earlier job are
 * people's already. */
export function toEdit(boxes: readonly PersonsBox[], purpose: Purpose): EditBox[] {
  return boxes.map(({ label, left, top, width, height, confidence, tags }, place) => {
    const isProposed = purpose === "draw" && confidence != null;
    return {
      id: `b${place}`,
      label,
      left,
      top,
      width,
      height,
      tags: tags ?? [],
      confidence: isProposed || purpose === "verify" ? (confidence ?? null) : null,
      origin: isProposed ? "model" : "person",
    };
  });
}

export function toPersons(boxes: readonly SavedBox[]): PersonsBox[] {
  return boxes.map(({ label, left, top, width, height, confidence, tags }) => ({ label, left, top, width, height, confidence, tags }));
}

/** An answer: proposals that nobody accepted are left out. */
export function acceptedOf(boxes: readonly PersonsBox[]): PersonsBox[] {
  return boxes.filter(({ confidence }) => confidence == null);
}

/** The answer of who accepts all proposals in sight. */
export function acceptShown({ boxes, proposed }: SeenBoxes): PersonsBox[] {
  const shown = new Set(proposed);
  return toPersons(boxes.map((box) => (shown.has(box.id) ? { ...box, confidence: null } : box)));
}

/** What the editor begins with: the draft, else what the task brings. Proposals that people
 * once drew are as sure as can be, and proposals all the same. */
export function beginsWith({ draft, boxes, purpose }: Pick<Assignment, "draft" | "boxes" | "purpose">): PersonsBox[] {
  if (draft?.boxes != null) return draft.boxes;
  return purpose === "draw" ? boxes.map((box) => ({ ...box, confidence: box.confidence ?? 1 })) : boxes;
}

export function classesOf(labels: readonly LabelClass[]): { name: string; key?: string; colour?: string }[] {
  return labels.map(({ name, color, hotkey }) => ({ name, ...(hotkey != null && { key: hotkey }), ...(color != null && { colour: color }) }));
}

export function isSameBox(a: PersonsBox, b: PersonsBox): boolean {
  return a.label === b.label && a.left === b.left && a.top === b.top && a.width === b.width && a.height === b.height && (a.confidence == null) === (b.confidence == null) && (a.tags ?? []).join("\n") === (b.tags ?? []).join("\n");
}

export function isSameList(a: readonly PersonsBox[], b: readonly PersonsBox[]): boolean {
  return a.length === b.length && a.every((box, at) => isSameBox(box, b[at] ?? { ...box, label: `not ${box.label}` }));
}

/**
 * What both hands made of one list: what either changed or took away is not there as it was,
 * what either drew is there once.
 */
export function mergeBoxes(before: readonly PersonsBox[], mine: readonly PersonsBox[], theirs: readonly PersonsBox[]): PersonsBox[] {
  const has = (boxes: readonly PersonsBox[], box: PersonsBox) => boxes.some((other) => isSameBox(other, box));
  const left = theirs.filter((box) => has(mine, box) || !has(before, box));
  const kept = mine.filter((box) => has(theirs, box) || !has(before, box));
  const merged = [...left];
  for (const box of kept) {
    const at = merged.findIndex((other) => isSameBox(other, box) || isSameThing(asEdit(other), asEdit(box)));
    const there = merged[at];
    if (there === undefined) merged.push(box);
    // A person's word goes before a proposal.
    else if (there.confidence != null && box.confidence == null) merged[at] = box;
  }
  return merged;
}

function asEdit(box: PersonsBox): EditBox {
  return { id: "", origin: "person", ...box, tags: box.tags ?? [], confidence: box.confidence ?? null };
}
