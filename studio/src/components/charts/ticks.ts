// Where the marks of an axis stand and how they are written. Times are in milliseconds, UTC.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500,
  SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
  DAY, 2 * DAY, 7 * DAY,
];
const MONTH_STEPS = [1, 3, 6, 12, 24, 60, 120, 240, 600, 1200];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export interface Tick {
  time: number;
  label: string;
}

/** At most `most` marks at round times within `from`..`to`. */
export function timeTicks(from: number, to: number, most: number): Tick[] {
  if (!(to > from) || most < 1) return [];
  const step = STEPS.find((step) => (to - from) / step <= most);
  if (step === undefined) return monthTicks(from, to, most);
  const ticks: Tick[] = [];
  // Weeks begin on Monday; the first day of all, 1 January 1970, was a Thursday.
  const offset = step === 7 * DAY ? 4 * DAY : 0;
  for (let time = Math.ceil((from - offset) / step) * step + offset; time <= to; time += step) ticks.push({ time, label: tickLabel(time, step) });
  // Somewhere the axis has to say which day it is.
  const [first] = ticks;
  if (first !== undefined && step < DAY && !ticks.some(({ time }) => time % DAY === 0)) first.label = `${dayLabel(first.time)} ${first.label}`;
  return ticks;
}

function monthTicks(from: number, to: number, most: number): Tick[] {
  const months = (time: number) => new Date(time).getUTCFullYear() * 12 + new Date(time).getUTCMonth();
  const step = MONTH_STEPS.find((step) => (months(to) - months(from)) / step <= most) ?? 1200;
  const ticks: Tick[] = [];
  for (let month = Math.ceil(months(from) / step) * step; ; month += step) {
    const time = Date.UTC(Math.floor(month / 12), month % 12);
    if (time > to) return ticks;
    if (time < from) continue;
    ticks.push({ time, label: month % 12 === 0 ? String(Math.floor(month / 12)) : (MONTHS[month % 12] ?? "") });
  }
}

function tickLabel(time: number, step: number): string {
  if (step >= DAY || time % DAY === 0) return dayLabel(time);
  const clock = new Date(time).toISOString().slice(11, 23);
  if (step >= MINUTE) return clock.slice(0, 5);
  return step >= SECOND ? clock.slice(0, 8) : clock;
}

function dayLabel(time: number): string {
  const date = new Date(time);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
}

/** A time in full, as exact as a bucket of `step` needs: "4 May 2026, 09:30:15". */
export function timeInFull(time: number, step: number): string {
  const date = new Date(time);
  const day = `${dayLabel(time)} ${date.getUTCFullYear()}`;
  if (step >= DAY) return day;
  const clock = date.toISOString().slice(11, 23);
  return `${day}, ${step >= MINUTE ? clock.slice(0, 5) : step >= SECOND ? clock.slice(0, 8) : clock}`;
}

/** The greatest of 1, 2, 5 times a power of ten that is not above `most`. */
export function niceBelow(most: number): number {
  if (!(most > 0)) return 0;
  const power = 10 ** Math.floor(Math.log10(most));
  // 10 as well: the logarithm of 1000 is a little under 3.
  const factor = [10, 5, 2, 1].find((factor) => factor * power <= most * (1 + 1e-12)) ?? 1;
  return factor * power;
}

export function metresInWords(metres: number): string {
  return metres >= 1000 ? `${metres / 1000} km` : metres >= 1 ? `${metres} m` : `${Math.round(metres * 100)} cm`;
}
