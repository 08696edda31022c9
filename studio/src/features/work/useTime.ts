// The clock of a task, as hooks.

import { useEffect, useRef, useState, type RefObject } from "react";
import { secondsLeft, Stopwatch, type Lease } from "./timer";

export function useSecondsLeft(lease: Lease): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return secondsLeft(lease, Math.max(now, lease.at));
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
