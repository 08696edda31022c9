// What a click or a key means for the selection. The grid speaks in places, since it may not
// know the frames of a range yet; the caller turns places into keys.

import type { GridFrame } from "./model";

export type SelectionChange =
  | { kind: "only"; index: number }
  | { kind: "toggle"; index: number }
  /** Adds `from` to `to`, both inclusive, in place of what the same anchor had before. */
  | { kind: "range"; from: number; to: number; previous: readonly [from: number, to: number] | null }
  | { kind: "all" }
  | { kind: "none" };

export interface AppliedSelection {
  selected: Set<string>;
  /** Frames meant but not loaded: they are not in `selected`. */
  missing: number;
}

/** A new set after the change, as far as the frames are known. */
export function applySelection(
  selected: ReadonlySet<string>,
  change: SelectionChange,
  total: number,
  frameAt: (index: number) => GridFrame | undefined,
): AppliedSelection {
  const next = new Set(change.kind === "only" || change.kind === "none" ? [] : selected);
  let missing = 0;
  const each = (from: number, to: number, act: (key: string) => void) => {
    for (let index = Math.max(0, from); index <= Math.min(total - 1, to); index++) {
      const frame = frameAt(index);
      if (frame === undefined) missing++;
      else act(frame.key);
    }
  };
  switch (change.kind) {
    case "only":
      each(change.index, change.index, (key) => next.add(key));
      break;
    case "toggle":
      each(change.index, change.index, (key) => void (next.delete(key) || next.add(key)));
      break;
    case "range":
      if (change.previous !== null) each(change.previous[0], change.previous[1], (key) => next.delete(key));
      missing = 0;
      each(change.from, change.to, (key) => next.add(key));
      break;
    case "all":
      each(0, total - 1, (key) => next.add(key));
      break;
    case "none":
      break;
  }
  return { selected: next, missing };
}

/** Remembers where a range began, from one click or key to the next. */
export class RangeAnchor {
  private anchor = 0;
  private previous: readonly [number, number] | null = null;

  set(index: number): void {
    this.anchor = index;
    this.previous = null;
  }

  extendTo(index: number): SelectionChange {
    const from = Math.min(this.anchor, index);
    const to = Math.max(this.anchor, index);
    const change: SelectionChange = { kind: "range", from, to, previous: this.previous };
    this.previous = [from, to];
    return change;
  }
}
