// The API of the studio, as its description has it. A change carries the word that only our
// own pages can read; whatever goes wrong is a Problem, whose text says what to do.

import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type FrameItem = Schemas["FrameItem"];
export type FrameDetail = Schemas["FrameDetail"];
export type FrameName = Schemas["FrameName"];
export type Me = Schemas["Me"];

/** What the server says is wrong (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** The whole answer, where it says more: what a conflict is with. */
    readonly body?: unknown,
  ) {
    super(message);
    this.name = "Problem";
  }
}

let csrf: string | null = null;

/** Told once it is known who asks. */
export function rememberCsrf(word: string): void {
  csrf = word;
}

const guard: Middleware = {
  onRequest({ request }) {
    if (csrf !== null && request.method !== "GET") request.headers.set("x-roadloop-csrf", csrf);
    return request;
  },
};

export const client = createClient<paths>({ baseUrl: "/", credentials: "same-origin" });
client.use(guard);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The answer, or a Problem where there is none. */
export async function answer<T>(asked: Promise<Answer<T>>): Promise<T> {
  let answered: Answer<T>;
  try {
    answered = await asked;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "The studio does not answer. Is it still running?");
  }
  const { data, error, response } = answered;
  if (response.ok) return data as T;
  throw new Problem(response.status, wordsOf(error) ?? `The studio answered ${response.status}.`, error);
}

function wordsOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("detail" in error)) return undefined;
  return typeof error.detail === "string" ? error.detail : undefined;
}

export type Which = "anonymized" | "raw";

/** Where an image of a frame is; a thumbnail of that many pixels where a side is named. */
export function imageUrl(frame: { recording: string; camera: string; image: string }, which: Which, side?: number): string {
  const path = [frame.recording, frame.camera, frame.image].map(encodeURIComponent).join("/");
  const query = new URLSearchParams({ which });
  if (side !== undefined) query.set("side", String(side));
  return `/api/v1/images/${path}?${query}`;
}

export function filmUrl(recording: string, camera: string): string {
  return `/api/v1/recordings/${encodeURIComponent(recording)}/films/${encodeURIComponent(camera)}`;
}

export function exportUrl(filter: string, form: string): string {
  return `/api/v1/export?${new URLSearchParams({ filter, form })}`;
}

export function frameKey(frame: FrameName): string {
  return `${frame.recording}/${frame.camera}/${frame.sequence}`;
}
