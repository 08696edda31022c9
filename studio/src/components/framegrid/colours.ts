// Lines over footage must be seen on tar, on snow and on sky: bright, far from each other.
const LINES = [
  "#4cc2ff", "#ffb020", "#7ddf64", "#ff6f91", "#b794ff", "#2ee6c5",
  "#ff8a4c", "#e0e34d", "#ff5ce1", "#8fb8ff", "#c6f04f", "#ffa8a8",
] as const;

/** One colour for a label, the same on every page and every day. */
export function colourOfLabel(label: string): string {
  // FNV-1a: short, and spreads short words well.
  let hash = 0x811c9dc5;
  for (let at = 0; at < label.length; at++) hash = Math.imul(hash ^ label.charCodeAt(at), 0x01000193);
  return LINES[(hash >>> 0) % LINES.length] ?? LINES[0];
}
