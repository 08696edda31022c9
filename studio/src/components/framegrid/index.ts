export { FrameGrid, type FrameGridProps } from "./FrameGrid";
export type { GridFrame } from "./model";
export { applySelection, type AppliedSelection, type SelectionChange } from "./selection";
