// The clock of a task, as hooks.

import { useEffect, useRef, useState, type RefObject } from "react";
import { secondsLeft, Stopwatch, type Lease } from "./timer";

const TICK_MS = 500;

export function useSecondsLeft(lease: Lease): number {
  const [seconds, setSeconds] = useState(() => secondsLeft(lease, Date.now()));
  useEffect(() => {
    const tick = () => setSeconds(secondsLeft(lease, Date.now()));
    tick();
    const timer = setInterval(tick, TICK_MS);
    return () => clearInterval(timer);
  }, [lease]);
  return seconds;
}

/** Whether no more than so many seconds are left: who only wants to know that is not told of
 * each of them. */
export function useIsDownTo(lease: Lease, seconds: number): boolean {
  const [isDown, setDown] = useState(() => secondsLeft(lease, Date.now()) <= seconds);
  useEffect(() => {
    // A timer for the whole time would sleep as long as the machine does.
    const tick = () => setDown(secondsLeft(lease, Date.now()) <= seconds);
    tick();
    const timer = setInterval(tick, TICK_MS);
    return () => clearInterval(timer);
  }, [lease, seconds]);
  return isDown;
}

/** Counts the seconds with the page in sight, after those counted before. */
export function useStopwatch(before: number): RefObject<() => number> {
  const [watch] = useState(() => new Stopwatch(before));
  useEffect(() => {
    const look = () => watch.run(document.visibilityState === "visible", Date.now());
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      watch.run(false, Date.now());
      document.removeEventListener("visibilitychange", look);
    };
  }, [watch]);
  return useRef(() => Math.round(watch.seconds(Date.now()) * 10) / 10);
}
