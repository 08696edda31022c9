export { BoxEditor, type BoxEditorProps } from "./BoxEditor";
export type { EditBox, EditorClass, EditorDeed, PreviousBoxes, SavedBox, SeenBoxes } from "./types";
