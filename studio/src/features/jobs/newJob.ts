// A job as it is filled in, what is still wrong with it, and what is sent.

import { mayStandForClass } from "../../components/boxeditor/keys";
import type { Consolidation, LabelClass, NewJob, Purpose, Review } from "../../api/labelling";
import { USUAL } from "./usual";

export interface Draft {
  name: string;
  purpose: Purpose;
  /** The earlier job that is verified or adjusted. */
  of: string;
  filter: string;
  labels: LabelClass[];
  workers: number;
  minutes: string;
  days: string;
  instructions: string;
  pictures: { name: string; base64: string }[];
  preLabel: boolean;
  minConfidence: number;
  review: Review;
  reviewBelow: number;
  consolidation: Consolidation;
  goldFilter: string;
  goldEvery: string;
}

export const INSTRUCTIONS = `Draw a box around **each** car and person, tight, to the pixel.

---

## What to draw

- What is hidden in part: only what is to be seen of it.
- Nothing on posters, nothing in mirrors.
`;

export function begin(given: { filter?: string | undefined; purpose?: string | undefined; of?: string | undefined }): Draft {
  const purpose = given.purpose === "verify" || given.purpose === "adjust" ? given.purpose : "draw";
  return {
    name: given.of === undefined ? "" : `${given.of}-${purpose}`.slice(0, 63),
    purpose,
    of: given.of ?? "",
    filter: given.filter ?? "",
    labels: [],
    workers: purpose === "draw" ? 3 : 1,
    minutes: "5",
    days: "30",
    instructions: purpose === "verify" ? "Are all boxes there, tight and rightly named?" : INSTRUCTIONS,
    pictures: [],
    preLabel: false,
    minConfidence: 0.35,
    review: "disagreements",
    reviewBelow: 0.8,
    consolidation: USUAL,
    goldFilter: "",
    goldEvery: "10",
  };
}

export const MOST_PICTURES = 20;
export const LARGEST_PICTURE = 5 * 1024 * 1024;

export type Field = "name" | "of" | "labels" | "minutes" | "days" | "gold" | "pictures";

/** What is wrong, by field; nothing where the job may be made. */
export function problemsOf(draft: Draft): Partial<Record<Field, string>> {
  const found: Partial<Record<Field, string>> = {};
  const { name, purpose, of, labels, minutes, days, goldFilter, goldEvery, pictures } = draft;
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(name)) found.name = "1 to 63 letters, digits and hyphens; none at an end.";
  else if (name === "new") found.name = "The address of this page; take another.";
  if (purpose !== "draw" && of === "") found.of = "Which job?";
  const labelTrouble = troubleOfLabels(labels);
  if (labelTrouble !== null) found.labels = labelTrouble;
  const seconds = Number(minutes) * 60;
  if (!(seconds >= 30 && seconds <= 28_800)) found.minutes = "From half a minute to 480.";
  if (!(Number.isInteger(Number(days)) && Number(days) >= 1 && Number(days) <= 365)) found.days = "From 1 to 365.";
  if (goldFilter.trim() !== "" && !(Number.isInteger(Number(goldEvery)) && Number(goldEvery) >= 2)) found.gold = "A whole number, 2 or more.";
  if (pictures.length > MOST_PICTURES) found.pictures = `At most ${MOST_PICTURES}.`;
  return found;
}

export function troubleOfLabels(labels: readonly LabelClass[]): string | null {
  if (labels.length === 0) return "At least one.";
  if (labels.length > 50) return "At most 50.";
  const names = labels.map(({ name }) => name.trim().toLowerCase());
  if (names.includes("")) return "One has no name.";
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) return `${twice} is there twice.`;
  const keys = labels.flatMap(({ hotkey }) => (hotkey ? [hotkey.toLowerCase()] : []));
  const odd = keys.find((key) => !mayStandForClass(key));
  if (odd !== undefined) return `${odd} does something else in the editor: take a digit or one of b d e g i m o p q r s t u w x y.`;
  const same = keys.find((key, at) => keys.indexOf(key) !== at);
  return same === undefined ? null : `${same} stands for two labels.`;
}

/** Digits for the first nine, in order. */
export function withKeys(labels: readonly LabelClass[]): LabelClass[] {
  const taken = new Set(labels.flatMap(({ hotkey }) => (hotkey ? [hotkey] : [])));
  return labels.map((label) => {
    if (label.hotkey) return label;
    const free = ["1", "2", "3", "4", "5", "6", "7", "8", "9"].find((digit) => !taken.has(digit));
    if (free !== undefined) taken.add(free);
    return { ...label, hotkey: free ?? null };
  });
}

export function toNewJob(draft: Draft): NewJob {
  const isDraw = draft.purpose === "draw";
  const hasGold = isDraw && draft.goldFilter.trim() !== "";
  return {
    name: draft.name,
    purpose: draft.purpose,
    of: isDraw ? null : draft.of,
    filter: isDraw ? draft.filter : "",
    labels: draft.labels.map(({ name, color, hotkey }) => ({ name: name.trim(), color: color ?? null, hotkey: hotkey || null })),
    workers: draft.workers,
    task_seconds: Math.round(Number(draft.minutes) * 60),
    lifetime_days: Number(draft.days),
    instructions: draft.instructions,
    pictures: draft.pictures,
    pre_label: isDraw && draft.preLabel,
    min_confidence: draft.minConfidence,
    review: draft.review,
    review_below: draft.review === "disagreements" ? draft.reviewBelow : null,
    consolidation: { ...draft.consolidation, quorum: draft.consolidation.quorum == null ? null : Math.min(draft.consolidation.quorum, draft.workers) },
    gold_filter: hasGold ? draft.goldFilter.trim() : null,
    gold_every: hasGold ? Number(draft.goldEvery) : 0,
  };
}

/** A name that a picture may have in an address and in Markdown. */
export function pictureNameOf(file: string): string {
  return file.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+/, "") || "picture";
}
