// Brings what a worker does to the studio: a draft a moment after each change, an answer at
// once. Each is kept in the browser first. While nobody answers it waits here and is tried
// again; what the studio has counted is never lost, what is sent twice it counts once.

import type { GivenWork, labelling, Submitted } from "../../api/labelling";
import { Problem } from "../../api/client";
import { conflictOf, isOurs, isSameWork, type Conflict } from "./drafts";
import { drop, idOfKey, parseKept, readAll, write, type Keep, type Kept } from "./kept";

/** A draft goes when the hand has rested for so long. */
const CALM_MS = 900;
/** So many of them are remembered while nobody answers. */
const MOST_SENT = 6;
const FIRST_RETRY_MS = 2000;
const LAST_RETRY_MS = 30_000;

export interface OutboxState {
  /** Nobody answers. */
  isOffline: boolean;
  isSending: boolean;
  /** Changes of drafts that wait. */
  changes: number;
  /** Answers that wait. */
  answers: number;
  /** The same task was worked on elsewhere. */
  conflict: Conflict | null;
  /** Why the last draft was not taken, for the person. */
  problem: string | null;
}

export type Given = { kind: "sent"; submitted: Submitted } | { kind: "waiting" } | { kind: "refused"; message: string };

export interface OutboxDeps {
  worker: string;
  keep: Keep | null;
  api: Pick<typeof labelling, "saveDraft" | "submit" | "assignment">;
  now: () => number;
  /** An answer that had waited was sent, or not taken. */
  onLate: (kept: Kept, given: Given) => void;
  /** Nobody is logged in any more. */
  onLoggedOut: () => void;
}

export class Outbox {
  private readonly all = new Map<string, Kept>();
  /** Tasks that this page itself has shown. */
  private readonly shown = new Set<string>();
  private readonly sending = new Map<string, Promise<Given | null>>();
  private readonly listeners = new Set<() => void>();
  private state: OutboxState = { isOffline: false, isSending: false, changes: 0, answers: 0, conflict: null, problem: null };
  private timer: ReturnType<typeof setTimeout> | undefined;
  private retry = FIRST_RETRY_MS;

  constructor(private readonly deps: OutboxDeps) {
    for (const kept of readAll(deps.keep, deps.worker)) this.all.set(kept.id, kept);
    this.tell({});
    if (this.state.answers + this.state.changes > 0) this.later(0);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly current = (): OutboxState => this.state;

  get(id: string): Kept | undefined {
    return this.all.get(id);
  }

  /** What this browser holds of a task is what the editor shows. */
  open(kept: Kept): void {
    this.shown.add(kept.id);
    this.put(kept);
    this.tell({ problem: null, ...(this.state.conflict?.id === kept.id && { conflict: null }) });
    if (kept.changes > 0) this.later(CALM_MS);
  }

  change(id: string, work: GivenWork, seconds: number): void {
    const kept = this.all.get(id);
    if (kept === undefined || kept.answer !== null || isSameWork(kept.work, work)) return;
    this.put({ ...kept, work, seconds, changes: kept.changes + 1, at: this.deps.now() });
    this.tell({});
    this.later(this.state.isOffline ? this.retry : CALM_MS);
  }

  async submit(id: string, answer: GivenWork & { seconds: number }): Promise<Given> {
    const kept = this.all.get(id);
    if (kept === undefined) return { kind: "refused", message: "This task is not here any more." };
    this.put({ ...kept, answer, at: this.deps.now() });
    this.tell({});
    await this.sending.get(id);
    const given = await this.send(id);
    return given ?? { kind: "waiting" };
  }

  /** The draft goes now: the time is nearly over, or the page is left. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const id of [...this.all.keys()]) {
      const kept = this.all.get(id);
      if (kept === undefined || (kept.answer === null && kept.changes === 0) || this.state.conflict?.id === id) continue;
      const wasAnswer = kept.answer !== null;
      const given = await this.send(id);
      if (wasAnswer && given !== null && given.kind !== "waiting") this.deps.onLate(kept, given);
      if (this.state.isOffline) break;
    }
    if (this.state.isOffline && this.waits()) {
      this.later(this.retry);
      this.retry = Math.min(this.retry * 2, LAST_RETRY_MS);
    }
  }

  /** The network says that it is back. */
  hurry(): void {
    this.retry = FIRST_RETRY_MS;
    if (this.waits()) this.later(0);
  }

  /** Another page of this browser kept something: what is not open here follows it. What is
   * open here does not, so that the studio finds two drafts where there are two. */
  heard(key: string | null, text: string | null): void {
    const id = idOfKey(key ?? "", this.deps.worker);
    if (id === null || this.shown.has(id) || this.sending.has(id)) return;
    const kept = text === null ? null : parseKept(text);
    if (kept === null) this.all.delete(id);
    else this.all.set(id, kept);
    this.tell({});
  }

  answersOf(job: string): number {
    return [...this.all.values()].filter((kept) => kept.job === job && kept.answer !== null).length;
  }

  forget(id: string): void {
    this.all.delete(id);
    drop(this.deps.keep, this.deps.worker, id);
    this.tell({ ...(this.state.conflict?.id === id && { conflict: null }) });
  }

  /** Two drafts met before the task was opened here. */
  dispute(conflict: Conflict): void {
    this.tell({ conflict });
  }

  /** What the person chose of two drafts is the next one. */
  settle(work: GivenWork, isOther: boolean): Kept | undefined {
    const { conflict } = this.state;
    const kept = conflict === null ? undefined : this.all.get(conflict.id);
    if (conflict === null || kept === undefined) return undefined;
    const isTheirs = isSameWork(work, conflict.theirs);
    const next = { ...kept, work, base: conflict.revision, before: conflict.theirs.boxes ?? [], sent: [], changes: isTheirs ? 0 : Math.max(1, kept.changes), generation: kept.generation + (isOther ? 1 : 0), at: this.deps.now() };
    this.put(next);
    this.tell({ conflict: null });
    this.later(0);
    return next;
  }

  private waits(): boolean {
    return this.state.answers + this.state.changes > 0;
  }

  private put(kept: Kept): void {
    this.all.set(kept.id, kept);
    write(this.deps.keep, this.deps.worker, kept);
  }

  private tell(change: Partial<OutboxState>): void {
    const all = [...this.all.values()];
    const answers = all.filter(({ answer }) => answer !== null).length;
    const changes = all.reduce((sum, kept) => sum + (kept.answer === null ? kept.changes : 0), 0);
    this.state = { ...this.state, ...change, answers, changes };
    for (const listener of this.listeners) listener();
  }

  private later(milliseconds: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), milliseconds);
  }

  /** One thing of a task at a time. Null where there is nothing to be known yet. */
  private send(id: string): Promise<Given | null> {
    const running = this.sending.get(id);
    if (running !== undefined) return running;
    const sent = this.sendNow(id).finally(() => {
      this.sending.delete(id);
      this.tell({ isSending: this.sending.size > 0 });
    });
    this.sending.set(id, sent);
    this.tell({ isSending: true });
    return sent;
  }

  private async sendNow(id: string): Promise<Given | null> {
    const kept = this.all.get(id);
    if (kept === undefined) return null;
    try {
      const given = kept.answer === null ? await this.sendDraft(kept) : await this.sendAnswer(kept, kept.answer);
      this.retry = FIRST_RETRY_MS;
      this.tell({ isOffline: false });
      return given;
    } catch (error) {
      return this.failed(kept, error);
    }
  }

  private async sendDraft(kept: Kept): Promise<null> {
    const { id, base, work, changes } = kept;
    this.put({ ...kept, sent: [...kept.sent.filter((other) => !isSameWork(other, work)), work].slice(-MOST_SENT) });
    const { revision } = await this.deps.api.saveDraft(Number(id), { base, ...work });
    const now = this.all.get(id);
    // It may have been worked on while it was on its way.
    if (now !== undefined) this.put({ ...now, base: revision, before: work.boxes ?? [], sent: [], changes: now.changes - changes });
    this.tell({ problem: null });
    if (now !== undefined && now.changes > changes && now.answer === null) this.later(CALM_MS);
    return null;
  }

  private async sendAnswer(kept: Kept, answer: GivenWork & { seconds: number }): Promise<Given> {
    const submitted = await this.deps.api.submit(Number(kept.id), answer);
    this.forget(kept.id);
    return { kind: "sent", submitted };
  }

  private async failed(kept: Kept, error: unknown): Promise<Given | null> {
    const status = error instanceof Problem ? error.status : 0;
    const message = error instanceof Error ? error.message : String(error);
    // Nobody answers, not in time, or not now.
    if (status === 0 || status === 429 || status >= 500) {
      this.tell({ isOffline: true });
      this.later(this.retry);
      return kept.answer === null ? null : { kind: "waiting" };
    }
    this.tell({ isOffline: false });
    // Who logs in again sends it then.
    if (status === 401) {
      this.tell({ problem: message });
      this.deps.onLoggedOut();
      return kept.answer === null ? null : { kind: "waiting" };
    }
    if (kept.answer !== null) {
      const now = this.all.get(kept.id);
      if (now !== undefined) this.put({ ...now, answer: null });
      this.tell({ problem: message });
      return { kind: "refused", message };
    }
    const conflict = status === 409 ? await conflictOf(this.deps.api, kept.id, error) : null;
    const here = this.all.get(kept.id);
    if (conflict !== null && here !== undefined && isOurs(here, conflict.theirs)) {
      const isSame = isSameWork(here.work, conflict.theirs);
      this.put({ ...here, base: conflict.revision, before: conflict.theirs.boxes ?? [], sent: [], changes: isSame ? 0 : here.changes });
      this.tell({ problem: null });
      if (!isSame) this.later(0);
      return null;
    }
    if (conflict !== null) {
      this.tell({ conflict });
      return null;
    }
    // The task is somebody else's now, or over: what was drawn stays here until it is.
    if (here !== undefined) this.put({ ...here, changes: 0 });
    this.tell({ problem: message });
    return null;
  }
}
