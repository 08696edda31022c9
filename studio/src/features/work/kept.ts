// Work that this browser holds for a worker, until the studio has it: the draft of a task, and
// the answer once it was given. Nothing read back is trusted.

import type { GivenWork, PersonsBox, Verdict } from "../../api/labelling";

export interface Kept {
  id: string;
  job: string;
  number: number;
  /** The studio's revision that this was made on. */
  base: number;
  /** What the studio had there. */
  before: PersonsBox[];
  work: GivenWork;
  /** What was sent with no word of it coming back: any of these may have come there. */
  sent: GivenWork[];
  /** Changes that the studio has not got. */
  changes: number;
  /** Spent on it with the page in sight. */
  seconds: number;
  /** Another one each time that other boxes take the place of these, or the task is come back
   * to after it was given: the editor begins a new history then. */
  generation: number;
  /** Given, and on its way. */
  answer: (GivenWork & { seconds: number }) | null;
  at: number;
}

export type Keep = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

const VERSION = 1;

/** Whoever else works in this browser has work of their own. */
const prefixOf = (worker: string) => `roadloop.work.${encodeURIComponent(worker)}.`;

/** Whose work is kept under a key, if it is this worker's. */
export function idOfKey(key: string, worker: string): string | null {
  const prefix = prefixOf(worker);
  return key.startsWith(prefix) ? key.slice(prefix.length) : null;
}

export function readAll(keep: Keep | null, worker: string): Kept[] {
  const found: Kept[] = [];
  try {
    for (let at = 0; at < (keep?.length ?? 0); at += 1) {
      const key = keep?.key(at) ?? "";
      if (!key.startsWith(prefixOf(worker))) continue;
      const kept = parseKept(keep?.getItem(key) ?? "");
      if (kept !== null) found.push(kept);
    }
  } catch {
    // A browser that keeps nothing has nothing.
  }
  return found.sort((a, b) => a.at - b.at);
}

/** False where the browser is full, or keeps nothing. */
export function write(keep: Keep | null, worker: string, kept: Kept): boolean {
  try {
    keep?.setItem(prefixOf(worker) + kept.id, JSON.stringify({ version: VERSION, ...kept }));
    return keep !== null;
  } catch {
    return false;
  }
}

export function drop(keep: Keep | null, worker: string, id: string): void {
  try {
    keep?.removeItem(prefixOf(worker) + id);
  } catch {
    // Nothing there, nothing to drop.
  }
}

export function browserKeep(): Keep | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

export function parseKept(text: string): Kept | null {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(found) || found.version !== VERSION) return null;
  const { id, job, number, base, before, work, sent, changes, seconds, generation, answer, at } = found;
  const isRight =
    typeof id === "string" &&
    typeof job === "string" &&
    [number, base, changes, seconds, generation, at].every((value) => typeof value === "number" && Number.isFinite(value)) &&
    isListOfBoxes(before) &&
    isWork(work) &&
    Array.isArray(sent) &&
    sent.every(isWork) &&
    (answer === null || (isWork(answer) && isRecord(answer) && Number.isFinite(answer.seconds)));
  return isRight ? ({ id, job, number, base, before, work, sent, changes, seconds, generation, answer, at } as Kept) : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isWork(value: unknown): value is GivenWork {
  if (!isRecord(value)) return false;
  const { boxes, verdict } = value;
  return (boxes === undefined || isListOfBoxes(boxes)) && (verdict === undefined || isVerdict(verdict));
}

function isVerdict(value: unknown): value is Verdict {
  return isRecord(value) && typeof value.is_good === "boolean" && (value.comment == null || typeof value.comment === "string");
}

function isListOfBoxes(value: unknown): value is PersonsBox[] {
  return Array.isArray(value) && value.every(isBox);
}

function isBox(value: unknown): value is PersonsBox {
  return (
    isRecord(value) &&
    typeof value.label === "string" &&
    [value.left, value.top, value.width, value.height].every(Number.isFinite) &&
    (value.confidence == null || Number.isFinite(value.confidence)) &&
    (value.tags === undefined || (Array.isArray(value.tags) && value.tags.every((tag) => typeof tag === "string")))
  );
}
