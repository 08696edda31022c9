// The nouns components speak of. Units are in the names: fractions are of the image's
// width and height, pixels are of the image as it was taken.

/** A rectangle as fractions of the image: 0 <= left <= right <= 1, top and bottom as well. */
export interface BBox {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Something that a model or a person says is on a frame. */
export interface ShownBox {
  /** Unique on its frame. */
  key: string;
  label: string;
  /** 0..1; null where a person drew it. */
  confidence: number | null;
  /** Absent for what is said of the whole image. */
  bbox: BBox | null;
  /** `object`, `scene`, `face`, `plate`, `text`. */
  kind: string;
}

/** A rectangle in pixels of the image, whole numbers once saved. */
export interface PixelBox {
  left: number;
  top: number;
  width: number;
  height: number;
}
