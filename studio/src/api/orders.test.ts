import { expect, it } from "vitest";
import { jobsOf, type Order } from "./orders";

it("counts jobs", () => {
  const stage = { stage: "detect", jobs: 4, done: 1, running: 2, dead: 1, frames: 10 };
  const order: Order = { order: "o", source: "s", recording: null, is_over: false, is_done: false, stages: [stage, { ...stage, done: 4, dead: 0 }] };
  expect(jobsOf(order)).toEqual({ done: 5, jobs: 8, dead: 1 });
});
