// Steps of time without gaps: those in which nothing was taken are there as well.

import type { Schemas } from "../../api/client";
import { millis } from "../../app/address";

export interface EvenSteps {
  /** Milliseconds, UTC. */
  start: number;
  step: number;
  counts: number[];
}

/** More are cut off: a recording whose clock jumped by years is no drive. */
const MOST = 20_000;

export function evenSteps(activity: Schemas["ActivityAnswer"]): EvenSteps {
  const step = activity.step_seconds * 1000;
  const start = millis(activity.steps[0]?.from ?? "1970-01-01T00:00:00.000Z");
  const counts: number[] = [];
  for (const { from, detections } of activity.steps) {
    const place = Math.round((millis(from) - start) / step);
    if (place >= MOST) break;
    while (counts.length < place) counts.push(0);
    counts.push(detections);
  }
  return { start, step, counts };
}
