// Lines over footage must be seen on tar, on snow and on sky: bright, far from each other.
const LINES = [
  "#4cc2ff", "#ffb020", "#7ddf64", "#ff6f91", "#b794ff", "#2ee6c5",
  "#ff8a4c", "#e0e34d", "#ff5ce1", "#8fb8ff", "#c6f04f", "#ffa8a8",
] as const;

/** What is on almost every street: two of these must not look alike, as chance would have it. */
const USUAL: readonly string[] = [
  "car", "person", "bicycle", "traffic light", "truck", "motorcycle",
  "bus", "traffic sign", "face", "license plate", "rider", "stop sign",
];

/** One colour for a label, the same on every page and every day. `_` is a space, as in filters. */
export function colourOfLabel(label: string): string {
  const name = label.toLowerCase().replaceAll("_", " ");
  const usual = USUAL.indexOf(name);
  return LINES[(usual >= 0 ? usual : hashOf(name)) % LINES.length] ?? LINES[0];
}

/** FNV-1a: short, and spreads short words well. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
