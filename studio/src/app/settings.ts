// What a person set for themselves on this machine: it belongs in no link.

import { useCallback, useState } from "react";

const PREFIX = "roadloop ";

function read<T>(name: string, usual: T): T {
  try {
    const text = localStorage.getItem(PREFIX + name);
    if (text === null) return usual;
    const value: unknown = JSON.parse(text);
    // Of an older version, or written by somebody else.
    const isSame = Array.isArray(usual) ? Array.isArray(value) && value.every((item) => typeof item === "string") : typeof value === typeof usual;
    return isSame ? (value as T) : usual;
  } catch {
    return usual;
  }
}

/** `true` is one of two, as far as what is kept is concerned. */
type Wide<T> = T extends boolean ? boolean : T extends number ? number : T;

export function useSetting<S extends string | number | boolean | string[]>(name: string, usual: S): [Wide<S>, (value: Wide<S>) => void] {
  type T = Wide<S>;
  const [value, setValue] = useState<T>(() => read(name, usual as T));
  const keep = useCallback(
    (value: T) => {
      setValue(value);
      try {
        localStorage.setItem(PREFIX + name, JSON.stringify(value));
      } catch {
        // Nothing is kept where nothing may be.
      }
    },
    [name],
  );
  return [value, keep];
}
