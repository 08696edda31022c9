// What a page left behind for when it is come back to, as long as the studio is open.

import { useCallback, useState } from "react";

const left = new Map<string, unknown>();

export function leave(name: string, value: unknown): void {
  left.set(name, value);
}

/** What was left under a name; it is there no more. */
export function takeAway(name: string): unknown {
  const value = left.get(name);
  left.delete(name);
  return value;
}

export function lookAt(name: string): unknown {
  return left.get(name);
}

export function useTaken<T>(name: string, usual: T): [T, (value: T) => void] {
  const [, setVersion] = useState(0);
  const value = left.has(name) ? (left.get(name) as T) : usual;
  const set = useCallback(
    (value: T) => {
      left.set(name, value);
      setVersion((version) => version + 1);
    },
    [name],
  );
  return [value, set];
}
