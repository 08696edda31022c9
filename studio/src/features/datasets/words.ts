// How datasets are spoken of.

import type { Tone } from "../../components/ui";
import type { DatasetOrigin, DatasetSample, Severity, SplitSettings } from "../../api/datasets";

export const number = (value: number) => value.toLocaleString("en");

export const percent = (part: number, whole: number) => (whole === 0 ? "–" : `${((part / whole) * 100).toFixed(part > 0 && part / whole < 0.1 ? 1 : 0)}\u00a0%`);

/** The first digits of an id: enough to tell versions apart by eye. */
export const shortId = (id: string) => id.slice(0, 8);

export const SEVERITIES: Record<Severity, { one: string; several: string; tone: Tone }> = {
  error: { one: "error", several: "errors", tone: "bad" },
  warning: { one: "warning", several: "warnings", tone: "warn" },
  note: { one: "note", several: "notes", tone: "neutral" },
};

export const ORIGINS: Record<DatasetOrigin["kind"], string> = { job: "labelling job", manifest: "manifest", selection: "selection", import: "import" };

const BY: Record<SplitSettings["by"], string> = { random: "at random", time: "by time, the latest for test", given: "as it was given" };
const GROUPS: Record<SplitSettings["group"], string> = { recording: "recordings are kept together", day: "days are kept together", none: "each image by itself" };

/** `60 : 20 : 20 at random, recordings are kept together, seed 7` */
export function splitInWords({ ratios, by, group, stratify, seed }: SplitSettings): string {
  if (by === "given") return BY.given;
  const sum = ratios.reduce((sum, ratio) => sum + ratio, 0);
  const parts = ratios.map((ratio) => Math.round((sum === 0 ? 0 : ratio / sum) * 1000) / 10).join(" : ");
  return [`${parts} ${BY[by]}`, GROUPS[group], ...(stratify ? ["each class by the same parts"] : []), ...(by === "random" ? [`seed ${seed}`] : [])].join(", ");
}

/** `near-duplicate-images` as words. */
export const kindInWords = (kind: string) => kind.replaceAll("-", " ");

export function stateOf({ boxes }: DatasetSample): string {
  return boxes == null ? "nobody looked" : boxes.length === 0 ? "nothing on it" : `${number(boxes.length)} ${boxes.length === 1 ? "box" : "boxes"}`;
}

