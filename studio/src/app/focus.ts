// Where the focus is when a page has taken the place of another: what had it may be gone.

import { useEffect, useRef } from "react";

export function useFocusOfPages(path: string): void {
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    const { activeElement, body } = document;
    if (activeElement === null || activeElement === body) document.getElementById("main")?.focus({ preventScroll: true });
  }, [path]);
}
