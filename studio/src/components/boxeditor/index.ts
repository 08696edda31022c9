export { BoxEditor, type BoxEditorProps } from "./BoxEditor";
export type { EditBox, EditorClass, PreviousBoxes, SavedBox } from "./types";
