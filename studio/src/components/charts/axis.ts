// Axes of numbers: which of them are named, where they stand, and how they are written.

/** From 0 at the foot to 1. By the logarithm of one more than the value, 0 has a place too. */
export function shareOf(value: number, most: number, isLog: boolean): number {
  if (!(value > 0) || !(most > 0)) return 0;
  return Math.min(1, isLog ? Math.log1p(value) / Math.log1p(most) : value / most);
}

/** Round numbers above 0, at most five: powers of ten where the axis is logarithmic. */
export function numberTicks(most: number, isLog: boolean): number[] {
  if (!(most > 0) || !Number.isFinite(most)) return [];
  if (isLog && most >= 10) {
    const powers: number[] = [];
    for (let power = 1; power <= most; power *= 10) powers.push(power);
    const step = Math.ceil(powers.length / 5);
    return powers.filter((_, at) => (powers.length - 1 - at) % step === 0);
  }
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => most / step <= 5) ?? most;
  // Nothing that is counted has a half.
  const whole = most >= 1 ? Math.max(1, step) : step;
  return Array.from({ length: Math.floor(most / whole + 1e-9) }, (_, at) => (at + 1) * whole);
}

/** `950`, `1.2k`, `34M` */
export function shortNumber(value: number): string {
  for (const [unit, name] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]] as const) {
    if (value >= unit * 0.9995) return `${Number((value / unit).toFixed(value / unit < 9.95 ? 1 : 0))}${name}`;
  }
  return String(Number(value.toPrecision(3)));
}

/** Pixels of a letter of the axis, at most: Inter at 11 px. */
const LETTER = 6.6;
const AIR = 8;

/** The places of labels that do not touch, every so many of them, the first among them. */
export function thinned(labels: readonly string[], width: number): number[] {
  if (labels.length === 0 || width <= 0) return [];
  const widest = Math.max(...labels.map((label) => label.length)) * LETTER + AIR;
  const step = Math.max(1, Math.ceil((widest * labels.length) / width));
  return labels.flatMap((_, at) => (at % step === 0 ? [at] : []));
}
