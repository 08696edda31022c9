// How long a task may still take, and how long somebody has looked at it. Times are
// milliseconds since 1970 of this machine: only differences are taken, so a clock that is
// wrong does no harm.

/** From here on it is said aloud. */
export const SHORT_SECONDS = 30;

export interface Lease {
  secondsLeft: number;
  /** When that was so. */
  at: number;
}

export function secondsLeft(lease: Lease, now: number): number {
  return Math.max(0, Math.ceil(lease.secondsLeft - (now - lease.at) / 1000));
}

/** `4:05`, `1:02:30` */
export function clockOf(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** `40 s`, `3 min`, `5 h`, `2 days`: near enough for an estimate. */
export function roughly(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** Counts while the page is in sight. */
export class Stopwatch {
  private since: number | null = null;

  constructor(private counted = 0) {}

  run(isVisible: boolean, now: number): void {
    if (isVisible && this.since === null) this.since = now;
    if (!isVisible && this.since !== null) {
      this.counted += Math.max(0, now - this.since) / 1000;
      this.since = null;
    }
  }

  seconds(now: number): number {
    return this.counted + (this.since === null ? 0 : Math.max(0, now - this.since) / 1000);
  }
}
