import { expect, it } from "vitest";
import { evenSteps } from "./steps";

it("fills the gaps", () => {
  const steps = ["00:00", "00:01", "00:04"].map((time, place) => ({ from: `2026-05-04T09:${time}.000000000Z`, frames: 1, detections: place + 1, labels: {} }));
  const even = evenSteps({ step_seconds: 1, steps });
  expect(even.counts).toEqual([1, 2, 0, 0, 3]);
  expect(even.start).toBe(Date.UTC(2026, 4, 4, 9, 0, 0));
  expect(evenSteps({ step_seconds: 60, steps: [] }).counts).toEqual([]);
});
