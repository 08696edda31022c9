import { useLayoutEffect, useRef, type RefObject } from "react";

/** The former list as long as the new one has the same items: what is made of it can rest. */
export function useStable<T>(list: readonly T[]): readonly T[] {
  const kept = useRef(list);
  if (!sameItems(kept.current, list)) kept.current = list;
  return kept.current;
}

export function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}

/** The value of the last render, for listeners that outlive it. */
export function useLatest<T>(value: T): RefObject<T> {
  const latest = useRef(value);
  useLayoutEffect(() => {
    latest.current = value;
  });
  return latest;
}
