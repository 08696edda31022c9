import { useEffect, useState } from "react";

/** A value once it has not changed for a while. */
export function useLate<T>(value: T, milliseconds: number): T {
  const [late, setLate] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLate(value), milliseconds);
    return () => clearTimeout(timer);
  }, [milliseconds, value]);
  return late;
}
