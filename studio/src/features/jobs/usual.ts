import type { Consolidation } from "../../api/labelling";

/** How boxes are merged unless somebody says otherwise. */
export const USUAL: Consolidation = { iou: 0.5, quorum: null, class_aware: true, position: "mean" };
