/** What the grid needs of a clock; tests bring their own. */
export interface Clock {
  now(): number;
  after(ms: number, run: () => void): () => void;
}

export const realClock: Clock = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** A scroll is at rest when nothing moved for so long. */
const REST_MS = 90;
/** While scrolling slowly, ask at most this often. */
const SLOW_MS = 120;

/**
 * Says which frames are in sight, so that the caller loads them. Slow scrolling asks as it
 * goes; a fling asks once, where it ends: the pages it flew over are not worth a request.
 */
export class VisibleAsker {
  private asked: readonly [first: number, last: number] | null = null;
  private askedAt = -Infinity;
  private latest: readonly [first: number, last: number] | null = null;
  private latestAt = -Infinity;
  private stop: (() => void) | null = null;

  constructor(
    private readonly ask: (first: number, last: number) => void,
    private readonly clock: Clock = realClock,
  ) {}

  moved(first: number, last: number): void {
    const now = this.clock.now();
    const before = this.latest;
    const sinceMs = now - this.latestAt;
    this.latest = [first, last];
    this.latestAt = now;
    this.stop?.();
    this.stop = null;
    if (this.asked === null || before === null) return this.askNow();
    // Frames per millisecond against what is in sight: a screenful in half a second is slow.
    const isSlow = Math.abs(first - before[0]) * 500 <= (last - first + 1) * Math.max(sinceMs, 1);
    if (isSlow && now - this.askedAt >= SLOW_MS) return this.askNow();
    this.stop = this.clock.after(REST_MS, () => this.askNow());
  }

  /** Other frames stand in the same places now: what is in sight is asked for again. */
  forget(): void {
    this.asked = null;
    this.askNow();
  }

  dispose(): void {
    this.stop?.();
    this.stop = null;
  }

  private askNow(): void {
    if (this.latest === null) return;
    const [first, last] = this.latest;
    if (this.asked !== null && this.asked[0] === first && this.asked[1] === last) return;
    this.asked = this.latest;
    this.askedAt = this.clock.now();
    this.ask(first, last);
  }
}
