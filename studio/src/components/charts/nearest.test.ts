import { expect, test } from "vitest";
import { PointIndex } from "./nearest";

/** A number in 0..1 from a seed: the same in each run. */
function made(seed: number): number {
  let x = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

function byLooking(xs: Float64Array, ys: Float64Array, x: number, y: number, within: number): number | undefined {
  let best: number | undefined;
  let bestSquare = within * within;
  for (let at = 0; at < xs.length; at++) {
    const square = ((xs[at] ?? 0) - x) ** 2 + ((ys[at] ?? 0) - y) ** 2;
    if (square < bestSquare || (square === bestSquare && best === undefined)) [best, bestSquare] = [at, square];
  }
  return best;
}

function check(xs: number[], ys: number[]) {
  const [a, b] = [Float64Array.from(xs), Float64Array.from(ys)];
  const index = new PointIndex(a, b);
  const reach = Math.max(...xs, ...ys) - Math.min(...xs, ...ys) || 1;
  for (let seed = 0; seed < 400; seed++) {
    // Also from well outside of all points.
    const [x, y] = [Math.min(...xs) + (made(seed) * 2 - 0.5) * reach, Math.min(...ys) + (made(seed + 1e6) * 2 - 0.5) * reach];
    for (const within of [reach * 0.02, reach * 0.3, Infinity]) expect(index.nearest(x, y, within)).toBe(byLooking(a, b, x, y, within));
  }
}

const many = (count: number, make: (seed: number) => number) => Array.from({ length: count }, (_, at) => make(at));

test("a cloud", () => check(many(500, made), many(500, (at) => made(at + 5000))));
test("a winding road", () => check(many(800, (at) => at + 20 * Math.sin(at / 9)), many(800, (at) => 60 * Math.cos(at / 30))));
test("a straight line, along and across", () => {
  check(many(300, (at) => at), many(300, () => 7));
  check(many(300, () => -3), many(300, (at) => at));
});
test("the same place many times gives the first", () => check(many(50, () => 2), many(50, () => 3)));
test("one point far from all others", () => check([...many(200, made), 10_000], [...many(200, (at) => made(at + 900)), 10_000]));
test("no point", () => expect(new PointIndex(new Float64Array(), new Float64Array()).nearest(0, 0, Infinity)).toBeUndefined());

test("twenty thousand points are looked up in no time", () => {
  const [xs, ys] = [Float64Array.from(many(20_000, (at) => at * 8)), Float64Array.from(many(20_000, (at) => 4000 * Math.sin(at / 700)))];
  const index = new PointIndex(xs, ys);
  const began = performance.now();
  for (let seed = 0; seed < 1000; seed++) index.nearest(made(seed) * 160_000, made(seed + 7) * 8000 - 4000, 500);
  // A frame has 16 ms; one look-up must be far below. Generous, for busy machines.
  expect(performance.now() - began).toBeLessThan(1000);
});
