// What looks wrong with boxes. Nothing here is forbidden: a person decides.

import { iou, isInside } from "./geometry";
import type { EditBox, Size } from "./types";

export type LintKind = "outside" | "tiny" | "duplicate";

export interface Lint {
  kind: LintKind;
  /** The box to look at. */
  id: string;
  text: string;
}

/** A side shorter than this is more often a slip of the hand than a thing on the road. */
export const TINY_SIDE = 4;
/** Two boxes of one class that share this much are the same thing, said twice. */
export const SAME_IOU = 0.9;

export function isSameThing(a: EditBox, b: EditBox): boolean {
  return a.label === b.label && iou(a, b) > SAME_IOU;
}

export function lint(boxes: readonly EditBox[], image: Size): Lint[] {
  const found: Lint[] = [];
  for (const box of boxes) {
    if (!isInside(box, image)) {
      found.push({ kind: "outside", id: box.id, text: `${box.label} reaches outside the image` });
    }
    if (box.width < TINY_SIDE || box.height < TINY_SIDE) {
      const side = Math.min(box.width, box.height);
      const shown = Number.isInteger(side) ? side.toFixed(0) : side.toFixed(1);
      found.push({ kind: "tiny", id: box.id, text: `${box.label} is only ${shown} px thin` });
    }
  }
  for (const [first, second] of duplicates(boxes)) {
    found.push({
      kind: "duplicate",
      id: second.id,
      text: `${second.label} is there twice, at ${Math.round(first.left)}, ${Math.round(first.top)}`,
    });
  }
  return found;
}

// Sorted by their left edge, only neighbours can share area: five hundred boxes are
// compared in well under a millisecond where all pairs would take several.
function duplicates(boxes: readonly EditBox[]): [EditBox, EditBox][] {
  const pairs: [EditBox, EditBox][] = [];
  const byLabel = new Map<string, { box: EditBox; order: number }[]>();
  boxes.forEach((box, order) => {
    const group = byLabel.get(box.label);
    if (group === undefined) byLabel.set(box.label, [{ box, order }]);
    else group.push({ box, order });
  });
  for (const group of byLabel.values()) {
    group.sort((a, b) => a.box.left - b.box.left);
    for (const [at, one] of group.entries()) {
      const right = one.box.left + one.box.width;
      for (let next = at + 1; next < group.length; next += 1) {
        const other = group[next];
        if (other === undefined || other.box.left >= right) break;
        if (iou(one.box, other.box) <= SAME_IOU) continue;
        const inOrder = one.order < other.order;
        pairs.push(inOrder ? [one.box, other.box] : [other.box, one.box]);
      }
    }
  }
  return pairs;
}
