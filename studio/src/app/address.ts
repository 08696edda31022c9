// What is shown, as the address has it: a link is a view. The filter is `q`; what only
// changes how things look has words of its own. Every value stays the text that was written.

import type { FrameName } from "../api/client";

export interface View {
  /** The filter. */
  q?: string | undefined;
  /** Boxes less sure than this are not drawn, 0..1. */
  conf?: string | undefined;
  /** `raw`: images as they were recorded. */
  show?: string | undefined;
  /** `map` in the place of the grid. */
  as?: string | undefined;
}

export function parseAddress(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search));
}

export function writeAddress(view: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(view)) {
    if (typeof value === "string" && value !== "") params.set(name, value);
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

/** Only what belongs to a view, whatever an address has. */
export function viewOf(search: Record<string, unknown>): View {
  const text = (name: string) => (typeof search[name] === "string" && search[name] !== "" ? search[name] : undefined);
  return { q: text("q"), conf: text("conf"), show: text("show"), as: text("as") };
}

export function confidenceOf(view: View): number {
  const confidence = Number(view.conf ?? 0);
  return Number.isFinite(confidence) ? Math.min(1, Math.max(0, confidence)) : 0;
}

export function frameParams(frame: FrameName): { recording: string; camera: string; sequence: string } {
  return { recording: frame.recording, camera: frame.camera, sequence: String(frame.sequence) };
}

/** `09:31:04.120`, in UTC as everything here. */
export function timeOfDay(iso: string): string {
  return iso.slice(11, 23);
}

/** `2026-05-04 09:31:04.120` */
export function dateAndTime(iso: string): string {
  return `${iso.slice(0, 10)} ${timeOfDay(iso)}`;
}

/** The whole of a time, which breaks between its day and its hour; any other text as it is. */
export function inUtc(text: string): string {
  const found = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d+)?)Z$/.exec(text);
  return found === null ? text : `${(found[1] ?? "").replaceAll("-", "\u2011")} ${found[2]}\u00a0UTC`;
}

/** Milliseconds since 1970; what is finer is cut off. */
export function millis(iso: string): number {
  return Date.parse(`${iso.slice(0, 23)}Z`);
}

export function count(number: number, one: string, several = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : several}`;
}
