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
  /** A digit or a letter this class asks for; classes without one, or with one that is the
   * editor's, get the free digits in order. */
  key?: string;
  /** `#rrggbb`; without one it is the class's usual colour. */
  colour?: string;
}

/** Something else that a key does while the editor is open; it is on the sheet of keys. */
export interface EditorDeed {
  /** As in `keys.ts`: `Mod+Enter`, `Shift+s`. They go before the editor's own. */
  keys: readonly string[];
  does: string;
  run: () => void;
}

/** What a person sees of the boxes that change. */
export interface SeenBoxes {
  boxes: SavedBox[];
  /** Ids of those of the model that are not accepted, and that the confidence slider shows. */
  proposed: string[];
  /** How many it hides. */
  hidden: number;
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
