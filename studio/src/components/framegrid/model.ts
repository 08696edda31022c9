import type { ShownBox } from "../model";

/** What the grid shows of a frame. The same object each time while nothing of it changes. */
export interface GridFrame {
  /** Unique among all frames; what `selected` holds. */
  key: string;
  /** Address of the small picture; null where there is none. */
  thumbnail: string | null;
  /** Of the image as it was taken; boxes are drawn by its shape. */
  width: number;
  height: number;
  boxes: readonly ShownBox[];
  /** As it is shown: "09:31:04.120". */
  time: string;
  camera: string;
  tags: readonly string[];
  isAnonymised: boolean;
  isEdited: boolean;
}
