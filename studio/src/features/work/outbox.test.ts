import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Problem } from "../../api/client";
import type { GivenWork, PersonsBox, Submitted } from "../../api/labelling";
import { parseKept, readAll, type Keep, type Kept } from "./kept";
import { Outbox, type Given } from "./outbox";

class Memory implements Keep {
  readonly items = new Map<string, string>();
  get length() {
    return this.items.size;
  }
  getItem = (key: string) => this.items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.items.set(key, value);
  removeItem = (key: string) => void this.items.delete(key);
  key = (at: number) => [...this.items.keys()][at] ?? null;
}

const box = (left: number): PersonsBox => ({ label: "car", left, top: 0, width: 10, height: 10, confidence: null, tags: [] });
const opened: Kept = { id: "7", job: "cars", number: 3, base: 0, before: [], work: { boxes: [] }, sent: [], changes: 0, seconds: 0, generation: 0, answer: null, at: 1 };
const gone = new Problem(0, "The studio does not answer.");

/** A studio that can be away, and counts each answer once. */
function studio(keep = new Memory()) {
  const seen = { isAway: false, isCutOff: false, isNotYours: false, revision: 0, draft: null as GivenWork | null, drafts: 0, counted: 0, late: [] as Given[] };
  const api = {
    saveDraft: async (_id: unknown, { base, ...work }: GivenWork & { base: number }) => {
      if (seen.isAway) throw gone;
      if (base !== seen.revision) throw new Problem(409, "changed", { revision: seen.revision, boxes: seen.draft?.boxes ?? [] });
      seen.drafts += 1;
      seen.draft = work;
      seen.revision += 1;
      if (seen.isCutOff) throw gone;
      return { revision: seen.revision };
    },
    submit: async (): Promise<Submitted> => {
      if (seen.isNotYours) throw new Problem(404, "This task is no longer yours.");
      if (seen.isAway) throw gone;
      seen.counted += 1;
      return { outcome: seen.counted === 1 ? "counted" : "already_counted", detail: null };
    },
    assignment: async () => Promise.reject(gone),
  };
  const box = new Outbox({ worker: "wim", keep, api, now: () => 5, onLate: (_kept, given) => seen.late.push(given), onLoggedOut: () => undefined });
  return { seen, keep, outbox: box };
}

describe("the outbox", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("sends a draft once the hand rests", async () => {
    const { seen, outbox } = studio();
    outbox.open(opened);
    for (const left of [1, 2, 3]) outbox.change("7", { boxes: [box(left)] }, 1);
    expect([seen.drafts, outbox.current().changes]).toEqual([0, 3]);
    await vi.advanceTimersByTimeAsync(1000);
    expect([seen.drafts, outbox.current().changes, seen.draft?.boxes?.[0]?.left]).toEqual([1, 0, 3]);
    outbox.change("7", { boxes: [box(3)] }, 1);
    await vi.advanceTimersByTimeAsync(5000);
    expect(seen.drafts).toBe(1);
  });

  it("keeps what is drawn while nobody answers, and sends it then", async () => {
    const { seen, keep, outbox } = studio();
    outbox.open(opened);
    seen.isAway = true;
    outbox.change("7", { boxes: [box(1)] }, 1);
    await vi.advanceTimersByTimeAsync(1000);
    outbox.change("7", { boxes: [box(1), box(2)] }, 2);
    expect([outbox.current().isOffline, outbox.current().changes]).toEqual([true, 2]);
    expect(readAll(keep, "wim")[0]?.work.boxes).toHaveLength(2);
    expect(readAll(keep, "somebody else")).toEqual([]);
    seen.isAway = false;
    outbox.hurry();
    await vi.advanceTimersByTimeAsync(10);
    expect([outbox.current().isOffline, outbox.current().changes, seen.draft?.boxes?.length]).toEqual([false, 0, 2]);
  });

  it("sends an answer that was given offline, after a reload too, and once", async () => {
    const first = studio();
    first.outbox.open(opened);
    first.seen.isAway = true;
    expect(await first.outbox.submit("7", { boxes: [box(1)], seconds: 9 })).toEqual({ kind: "waiting" });
    expect(first.outbox.current().answers).toBe(1);
    const second = studio(first.keep);
    await vi.advanceTimersByTimeAsync(10);
    expect([second.seen.counted, second.outbox.current().answers, second.keep.length]).toEqual([1, 0, 0]);
    expect(second.seen.late).toEqual([{ kind: "sent", submitted: { outcome: "counted", detail: null } }]);
  });

  it("sends no draft after the answer, and one thing at a time", async () => {
    const { seen, outbox } = studio();
    outbox.open(opened);
    outbox.change("7", { boxes: [box(1)] }, 1);
    const given = outbox.submit("7", { boxes: [box(1)], seconds: 9 });
    outbox.change("7", { boxes: [box(2)] }, 1);
    expect((await given).kind).toBe("sent");
    await vi.advanceTimersByTimeAsync(60_000);
    expect([seen.drafts, seen.counted]).toEqual([0, 1]);
  });

  it("shows two drafts that met, and takes the one that is chosen", async () => {
    const { seen, outbox } = studio();
    outbox.open(opened);
    seen.revision = 4;
    seen.draft = { boxes: [box(9)] };
    outbox.change("7", { boxes: [box(1)] }, 1);
    await vi.advanceTimersByTimeAsync(1000);
    expect(outbox.current().conflict).toEqual({ id: "7", revision: 4, theirs: { boxes: [box(9)] } });
    outbox.change("7", { boxes: [box(1), box(2)] }, 1);
    await vi.advanceTimersByTimeAsync(5000);
    expect(seen.drafts).toBe(0);
    const settled = outbox.settle({ boxes: [box(9), box(1)] }, true);
    expect([settled?.base, settled?.generation, outbox.current().conflict]).toEqual([4, 1, null]);
    await vi.advanceTimersByTimeAsync(1000);
    expect([seen.drafts, seen.draft?.boxes?.length]).toEqual([1, 2]);
  });

  it("asks nobody where a draft came there and its answer was lost", async () => {
    const { seen, outbox } = studio();
    outbox.open(opened);
    seen.isCutOff = true;
    outbox.change("7", { boxes: [box(1)] }, 1);
    await vi.advanceTimersByTimeAsync(1000);
    expect([outbox.current().isOffline, seen.draft?.boxes?.length]).toEqual([true, 1]);
    seen.isCutOff = false;
    outbox.change("7", { boxes: [box(1), box(2)] }, 1);
    await vi.advanceTimersByTimeAsync(5000);
    expect([outbox.current().conflict, outbox.current().changes, seen.draft?.boxes?.length]).toEqual([null, 0, 2]);
  });

  it("says what was refused, and loses nothing", async () => {
    const { seen, outbox, keep } = studio();
    outbox.open(opened);
    outbox.change("7", { boxes: [box(1)] }, 1);
    seen.isNotYours = true;
    expect(await outbox.submit("7", { boxes: [box(1)], seconds: 1 })).toEqual({ kind: "refused", message: "This task is no longer yours." });
    expect(readAll(keep, "wim")[0]?.work.boxes).toEqual([box(1)]);
  });
});

describe("two pages of one browser", () => {
  it("follow each other, but for the task that is open", () => {
    const { keep, outbox } = studio();
    const key = "roadloop.work.wim.7";
    const text = (changes: number) => JSON.stringify({ version: 1, ...opened, changes });
    outbox.heard(key, text(2));
    expect(outbox.current().changes).toBe(2);
    outbox.heard("roadloop.work.xia.7", text(5));
    outbox.heard(key, null);
    expect(outbox.current().changes).toBe(0);
    outbox.open(opened);
    outbox.heard(key, text(3));
    expect([outbox.current().changes, keep.length]).toEqual([0, 1]);
  });
});

describe("what was kept", () => {
  it("is not trusted", () => {
    const good = { version: 1, ...opened };
    expect(parseKept(JSON.stringify(good))).toEqual(opened);
    for (const bad of ["", "null", "[]", "{}", JSON.stringify({ ...good, version: 2 }), JSON.stringify({ ...good, work: { boxes: [{ label: 5 }] } }), JSON.stringify({ ...good, base: "0" }), JSON.stringify({ ...good, answer: { boxes: [] } })]) {
      expect(parseKept(bad), bad).toBeNull();
    }
  });
});
