// Bins of statistics as words: what stands below a bar, and what it is in full.

import type { DatasetHistogram } from "../../api/datasets";

export interface Words {
  /** Below bars, or below the edges between them: then there is one more. */
  labels: string[];
  titles: string[];
}

// Whole ones in full: 1,024 px is not 1,020 px.
const number = (value: number) => (Number.isInteger(value) ? value : Number(value.toPrecision(3))).toLocaleString("en");

/** Bins without anything at both ends are left out, but for one: so it is seen that there is
 * nothing. */
export function trimmed({ edges, counts }: DatasetHistogram, keepsBegin = false): DatasetHistogram {
  const first = counts.findIndex((count) => count > 0);
  if (first === -1) return { edges: [], counts: [] };
  const last = counts.findLastIndex((count) => count > 0);
  const [from, to] = [keepsBegin ? 0 : Math.max(0, first - 1), Math.min(counts.length - 1, last + 1)];
  return { edges: edges.slice(from, to + 2), counts: counts.slice(from, to + 1) };
}

/** Each bin is one number; the last of all of them is that and more. */
export function countWords({ edges, counts }: DatasetHistogram, most: number): Words {
  const labels = counts.map((_, at) => ((edges[at] ?? 0) >= most ? `${most}+` : number(edges[at] ?? 0)));
  return { labels, titles: labels.map((label) => `${label} ${label === "1" ? "box" : "boxes"}`) };
}

export function pixelWords({ edges, counts }: DatasetHistogram): Words {
  return rangeWords(edges, counts, (edge) => number(edge), " px");
}

export function shareWords({ edges, counts }: DatasetHistogram): Words {
  const percent = (edge: number) => (edge > 0 && edge < 0.0001 ? "<0.01" : number(edge * 100));
  return rangeWords(edges, counts, percent, " %");
}

/** `0.5`, `0.55`: of shares. */
export function sureWords({ edges, counts }: DatasetHistogram): Words {
  return rangeWords(edges, counts, (edge) => number(edge), "");
}

/** `1:4` is four times as high as wide. */
export function aspectWords({ edges, counts }: DatasetHistogram): Words {
  const ratio = (edge: number) => (edge >= 1 ? `${number(edge)}:1` : `1:${number(1 / edge)}`);
  return rangeWords(edges, counts, ratio, "");
}

function rangeWords(edges: readonly number[], counts: readonly number[], word: (edge: number) => string, unit: string): Words {
  const at = (place: number) => word(edges[place] ?? 0);
  return { labels: edges.map((_, place) => at(place)), titles: counts.map((_, place) => `${at(place)} to ${at(place + 1)}${unit}`) };
}
