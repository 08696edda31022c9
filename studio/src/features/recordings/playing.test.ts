import { expect, it } from "vitest";
import { lastAt, pageOf } from "./playing";

it("finds the frame that is on", () => {
  const frames = [0, 100, 250].map((time) => ({ taken_at: new Date(time).toISOString().replace("Z", "000000Z") }));
  expect([-1, 0, 99, 100, 249, 250, 9999].map((time) => lastAt(frames, time))).toEqual([-1, 0, 0, 1, 1, 2, 2]);
  expect(lastAt([], 5)).toBe(-1);
  expect([pageOf(-3), pageOf(119), pageOf(120)]).toEqual([0, 0, 1]);
});
