// Deeds on many boxes at once: each is one step, whatever the number.

import { cutToImage } from "./geometry";
import { isSameThing } from "./lints";
import type { EditBox, Size } from "./types";
import { count } from "./words";

export interface Bulk {
  boxes: EditBox[];
  /** What happened, in words. */
  what: string;
}

/** Adds the previous frame's boxes, under ids new to this frame, that are not here yet. */
export function withPrevious(
  boxes: readonly EditBox[],
  previous: readonly EditBox[],
  image: Size,
): Bulk {
  const next = [...boxes];
  for (const old of previous) {
    const copy: EditBox = {
      ...old,
      ...cutToImage(old, image),
      tags: [...old.tags],
      // Said of the frame before; that it holds for this one is the person's word.
      origin: "person",
      confidence: null,
    };
    if (!next.some((box) => isSameThing(box, copy))) next.push(copy);
  }
  const added = next.length - boxes.length;
  const known = previous.length - added;
  return { boxes: next, what: copiedWords(added, known) };
}

function copiedWords(added: number, known: number): string {
  const there = `${known} ${known === 1 ? "was" : "were"} already here`;
  if (added === 0 && known === 0) return "The previous frame has no boxes";
  if (added === 0) return `Nothing copied from the previous frame: ${there}`;
  const copied = `${count(added, "box", "boxes")} copied from the previous frame`;
  return known === 0 ? copied : `${copied}, ${there}`;
}

/** Makes the model's boxes that pass the person's own. */
export function accepted(boxes: readonly EditBox[], passes: (box: EditBox) => boolean): Bulk {
  let done = 0;
  const next = boxes.map((box): EditBox => {
    if (box.origin !== "model" || !passes(box)) return box;
    done += 1;
    return { ...box, origin: "person", confidence: null };
  });
  return { boxes: next, what: `${count(done, "box", "boxes")} of the model accepted` };
}

export function removed(boxes: readonly EditBox[], goes: (box: EditBox) => boolean): Bulk {
  const next = boxes.filter((box) => !goes(box));
  const gone = boxes.length - next.length;
  return { boxes: next, what: `${count(gone, "box", "boxes")} of the model removed` };
}
