import { expect, test } from "vitest";
import { metresInWords, niceBelow, timeInFull, timeTicks } from "./ticks";

function check(from: string, to: string, most: number, expected: string) {
  const ticks = timeTicks(Date.parse(from), Date.parse(to), most);
  expect(ticks.map(({ label }) => label).join(" | ")).toBe(expected);
  expect(ticks.length).toBeLessThanOrEqual(most + 1);
}

test("a drive of an hour", () => check("2026-05-04T09:31:00Z", "2026-05-04T10:33:00Z", 6, "4 May 09:45 | 10:00 | 10:15 | 10:30"));
test("a minute", () => check("2026-05-04T09:30:02Z", "2026-05-04T09:31:02Z", 4, "4 May 09:30:15 | 09:30:30 | 09:30:45 | 09:31:00"));
test("a second", () => check("2026-05-04T09:30:02Z", "2026-05-04T09:30:03Z", 5, "4 May 09:30:02.000 | 09:30:02.200 | 09:30:02.400 | 09:30:02.600 | 09:30:02.800 | 09:30:03.000"));
test("over midnight the day is written there", () => check("2026-05-04T20:00:00Z", "2026-05-05T04:00:00Z", 5, "20:00 | 22:00 | 5 May | 02:00 | 04:00"));
test("weeks begin on Monday", () => check("2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z", 5, "4 May | 11 May | 18 May | 25 May | 1 Jun"));
test("months, with the year in January", () => check("2025-11-20T00:00:00Z", "2026-03-20T00:00:00Z", 5, "Dec | 2026 | Feb | Mar"));
test("years", () => check("2019-03-01T00:00:00Z", "2026-03-01T00:00:00Z", 4, "2020 | 2022 | 2024 | 2026"));
test("no room and no time, no ticks", () => {
  expect(timeTicks(5, 5, 5)).toEqual([]);
  expect(timeTicks(0, 10, 0)).toEqual([]);
});

test("times in full, as exact as needed", () => {
  const time = Date.parse("2026-05-04T09:30:15.250Z");
  expect(timeInFull(time, 86_400_000)).toBe("4 May 2026");
  expect(timeInFull(time, 60_000)).toBe("4 May 2026, 09:30");
  expect(timeInFull(time, 5000)).toBe("4 May 2026, 09:30:15");
  expect(timeInFull(time, 100)).toBe("4 May 2026, 09:30:15.250");
});

test("round numbers below", () => {
  for (const [most, expected] of [[7, 5], [4.9, 2], [1.9, 1], [1000, 1000], [999, 500], [0.03, 0.02], [0, 0]] as const) expect(niceBelow(most)).toBeCloseTo(expected, 9);
});

test("metres", () => expect([0.5, 200, 5000].map(metresInWords)).toEqual(["50 cm", "200 m", "5 km"]));
