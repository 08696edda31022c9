import { describe, expect, it } from "vitest";
import { clockOf, roughly, secondsLeft, Stopwatch } from "./timer";

describe("the time left", () => {
  it("goes by what has passed since it was told", () => {
    const lease = { secondsLeft: 120, at: 1_000_000 };
    expect([0, 500, 1000, 119_200, 120_000, 999_000].map((passed) => secondsLeft(lease, lease.at + passed))).toEqual([120, 120, 119, 1, 0, 0]);
  });

  it("is written as on a clock", () => {
    expect([0, 9, 65, 600, 3750].map(clockOf)).toEqual(["0:00", "0:09", "1:05", "10:00", "1:02:30"]);
    expect([0, 40, 120, 7200, 200_000].map(roughly)).toEqual(["1 s", "40 s", "2 min", "2 h", "2 days"]);
  });
});

describe("the time spent", () => {
  it("is that with the page in sight", () => {
    const watch = new Stopwatch(10);
    watch.run(true, 1000);
    watch.run(true, 2000);
    expect(watch.seconds(4000)).toBe(13);
    watch.run(false, 4000);
    watch.run(false, 9000);
    expect(watch.seconds(60_000)).toBe(13);
    watch.run(true, 60_000);
    expect(watch.seconds(61_000)).toBe(14);
  });
});
