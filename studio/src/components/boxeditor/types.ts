// What the editor is given and what it gives back.

/** A box while it is edited: pixels of the image, fractions of a pixel allowed. */
export interface EditBox {
  /** Unique on its frame; boxes that a person adds get ids of the editor's making. */
  id: string;
  label: string;
  left: number;
  top: number;
  width: number;
  height: number;
  tags: string[];
  /** 0..1; null where a person drew it or moved it. */
  confidence: number | null;
  origin: "model" | "person" | (string & {});
}

/** The same once it is saved: whole pixels inside the image, at least one wide and high. */
export type SavedBox = EditBox;

export interface EditorClass {
  name: string;
  /** A digit this class asks for; classes without one get the free digits in order. */
  key?: string;
}

export type PreviousBoxes = readonly EditBox[] | (() => Promise<readonly EditBox[]>);

/** A rectangle in pixels of the image. */
export interface Rect {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}
