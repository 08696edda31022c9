// Samples as the parts of the site show them.

import type { GridFrame } from "../../components/framegrid";
import type { ShownBox } from "../../components/model";
import type { DatasetSample } from "../../api/datasets";

export function shownBoxes({ boxes, width, height }: DatasetSample): ShownBox[] {
  // Of an image whose size nobody knows, nothing can be placed.
  const isSized = width > 0 && height > 0;
  return (boxes ?? []).map((box, place) => ({
    key: `b${place}`,
    label: box.class,
    confidence: box.confidence ?? null,
    kind: "object",
    bbox: isSized ? { left: box.left / width, top: box.top / height, right: (box.left + box.width) / width, bottom: (box.top + box.height) / height } : null,
  }));
}

export function gridFrame(sample: DatasetSample): GridFrame {
  const { boxes } = sample;
  return {
    key: sample.name,
    thumbnail: sample.thumbnail_url,
    width: Math.max(1, sample.width),
    height: Math.max(1, sample.height),
    boxes: shownBoxes(sample),
    time: sampleInWords(sample),
    camera: sample.split,
    tags: boxes == null ? ["nobody looked"] : boxes.length === 0 ? ["nothing on it"] : [],
    isAnonymised: false,
    isEdited: false,
  };
}

/** Letters of a name that fit below a tile. */
const TAIL = 24;

/** What an image is called where there is little room: a frame by its camera and number, another
 * by the end of its name, which is what tells the images of one source apart. */
export function sampleInWords({ name, frame }: DatasetSample): string {
  if (frame != null) return `${frame.camera} #${frame.sequence}`;
  return name.length <= TAIL ? name : `…${name.slice(1 - TAIL)}`;
}
