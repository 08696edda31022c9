// Frames of the API as the parts of the site show them.

import { frameKey, imageUrl, type FrameItem, type Which } from "../api/client";
import { timeOfDay } from "./address";
import type { GridFrame } from "../components/framegrid";
import type { ShownBox } from "../components/model";

/** What is on a frame: what a person said holds in the place of the models' objects. */
export function shownBoxes(frame: FrameItem): ShownBox[] {
  const shown: ShownBox[] = [];
  const { width, height, annotation } = frame;
  frame.boxes.forEach((found, place) => {
    if (annotation !== null && annotation !== undefined && found.kind === "object") return;
    const sides = found.bbox ?? null;
    const [left, top, right, bottom] = sides ?? [];
    const isPlaced = left !== undefined && top !== undefined && right !== undefined && bottom !== undefined;
    const bbox = isPlaced ? { left, top, right, bottom } : null;
    shown.push({ key: `m${place}`, label: found.label, confidence: found.confidence, kind: found.kind, bbox });
  });
  annotation?.boxes.forEach((drawn, place) => {
    const bbox = {
      left: drawn.left / width,
      top: drawn.top / height,
      right: (drawn.left + drawn.width) / width,
      bottom: (drawn.top + drawn.height) / height,
    };
    shown.push({ key: `p${place}`, label: drawn.label, confidence: drawn.confidence ?? null, kind: "object", bbox });
  });
  return shown;
}

/** The anonymised image is shown unless raw ones are asked for; without a copy there is none. */
export function thumbnailOf(frame: FrameItem, which: Which, side: number): string | null {
  return which === "raw" || frame.anonymized ? imageUrl(frame, which, side) : null;
}

export function gridFrame(frame: FrameItem, which: Which, side: number): GridFrame {
  return {
    key: frameKey(frame),
    thumbnail: thumbnailOf(frame, which, side),
    width: frame.width,
    height: frame.height,
    boxes: shownBoxes(frame),
    time: timeOfDay(frame.taken_at),
    camera: frame.camera,
    tags: frame.tags,
    isAnonymised: frame.anonymized,
    isEdited: frame.annotation !== null && frame.annotation !== undefined,
  };
}
