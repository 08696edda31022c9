// Where a person was in the grid: the place is taken up again when the catalog is come back
// to, and the focus too when it is come back to from a frame.

import { useEffect, useRef, type RefObject } from "react";
import { leave, lookAt, takeAway } from "../../app/taken";

/** `isThere`: the grid has its frames. Give the element around the grid what comes back. */
export function usePlace(filter: string, isThere: boolean): { ref: RefObject<HTMLDivElement | null>; onScrollCapture: () => void } {
  const ref = useRef<HTMLDivElement>(null);
  const scroller = () => ref.current?.querySelector('[role="grid"]')?.parentElement ?? null;
  const name = `scrolled ${filter}`;
  const restored = useRef<string | null>(null);
  useEffect(() => {
    if (!isThere || restored.current === name) return;
    const isFirst = restored.current === null;
    restored.current = name;
    if (!isFirst) return;
    const top = lookAt(name);
    const isBack = takeAway("comes from a frame") === true;
    // Once the grid has measured itself.
    const frame = requestAnimationFrame(() => {
      const element = scroller();
      if (element === null) return;
      if (typeof top === "number") element.scrollTop = top;
      if (!isBack || (document.activeElement !== document.body && document.activeElement?.id !== "main")) return;
      requestAnimationFrame(() => {
        const tile = element.querySelector<HTMLElement>('[role="gridcell"][tabindex="0"]');
        tile?.focus({ preventScroll: true });
        tile?.scrollIntoView({ block: "nearest" });
      });
    });
    return () => cancelAnimationFrame(frame);
  }, [isThere, name]);
  const onScrollCapture = () => {
    const element = scroller();
    if (element !== null && restored.current === name) leave(name, element.scrollTop);
  };
  return { ref, onScrollCapture };
}
