// What is chosen of a row that is wider than the screen is to be seen.

import { useEffect, useRef } from "react";

/** Room that is left beside it, so that it is seen that there is more. */
const BESIDE = 36;

/** For the row: moves it, and nothing around it, until what `selector` finds in it is in sight. */
export function useInSight<T extends HTMLElement>(selector: string, chosen: string) {
  const row = useRef<T>(null);
  useEffect(() => {
    // Tabs are drawn a second time before one of them is the chosen one.
    const later = requestAnimationFrame(() => {
      const found = row.current?.querySelector(selector);
      if (row.current === null || found == null) return;
      const [outer, inner] = [row.current.getBoundingClientRect(), found.getBoundingClientRect()];
      if (inner.right + BESIDE > outer.right) row.current.scrollLeft += inner.right + BESIDE - outer.right;
      else if (inner.left - BESIDE < outer.left) row.current.scrollLeft += inner.left - BESIDE - outer.left;
    });
    return () => cancelAnimationFrame(later);
  }, [selector, chosen]);
  return row;
}
