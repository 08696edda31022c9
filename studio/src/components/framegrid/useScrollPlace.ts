import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";
import { flushSync } from "react-dom";
import { PADDING, rowsAt, type GridLayout, type RowRange } from "./layout";
import { afterScroll, atRest, scaleFor, toPhysical, type ScrollPlace, type ScrollScale } from "./scale";

/** Rows rendered above and below those in sight. */
const EXTRA_ROWS = 1;
/** After so long without a scroll event the bar may be set right. */
const REST_MS = 160;

export interface Shown {
  rows: RowRange;
  /** Virtual minus physical: what to take off a row's place to stand in the scrolled element. */
  shift: number;
}

interface Scroller {
  shown: Shown;
  scale: ScrollScale;
  /** The place in the whole grid, for whoever computes with it outside of rendering. */
  virtualTop: () => number;
  scrollTo: (virtualTop: number) => void;
}

/**
 * Follows the scroll position and renders only when other rows come into sight. All reading
 * of the page is one `scrollTop` per event.
 */
export function useScrollPlace(ref: RefObject<HTMLDivElement | null>, layout: GridLayout, viewport: number): Scroller {
  const scale = scaleFor(layout.height, viewport);
  const place = useRef<ScrollPlace>({ physical: 0, virtual: 0 });
  const show = useCallback(
    (at: ScrollPlace): Shown => ({ rows: rowsAt(layout, at.virtual, viewport, EXTRA_ROWS), shift: at.virtual - at.physical }),
    [layout, viewport],
  );
  const [shown, setShown] = useState<Shown>(() => show(place.current));
  const latest = useRef({ scale, show, shown });
  latest.current.scale = scale;
  latest.current.show = show;

  const update = useCallback((at: ScrollPlace, isScrolling: boolean) => {
    place.current = at;
    const next = latest.current.show(at);
    if (isSame(next, latest.current.shown)) return;
    latest.current.shown = next;
    // In the same frame as the scroll: later, blank rows would flash.
    if (isScrolling) flushSync(() => setShown(next));
    else setShown(next);
  }, []);

  const scrollTo = useCallback(
    (virtualTop: number) => {
      const element = ref.current;
      if (element === null) return;
      element.scrollTop = toPhysical(latest.current.scale, virtualTop);
      update({ physical: element.scrollTop, virtual: virtualTop }, false);
    },
    [ref, update],
  );

  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    let rest: ReturnType<typeof setTimeout> | undefined;
    const settle = () => {
      const wished = atRest(latest.current.scale, place.current);
      if (Math.abs(wished - place.current.physical) < 1) return;
      element.scrollTop = wished;
      update({ physical: element.scrollTop, virtual: place.current.virtual }, false);
    };
    const onScroll = () => {
      const physical = element.scrollTop;
      if (physical !== place.current.physical) update(afterScroll(latest.current.scale, place.current, physical), true);
      clearTimeout(rest);
      rest = setTimeout(settle, REST_MS);
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      element.removeEventListener("scroll", onScroll);
      clearTimeout(rest);
    };
  }, [ref, update]);

  // Other columns or another width: the first frame in sight stays where it is.
  const laidOut = useRef(layout);
  useLayoutEffect(() => {
    const before = laidOut.current;
    laidOut.current = layout;
    const { virtual } = place.current;
    if (before.columns === layout.columns && before.rowHeight === layout.rowHeight) scrollTo(Math.min(virtual, Math.max(0, layout.height - viewport)));
    else scrollTo(sameFrame(before, layout, virtual, viewport));
  }, [layout, viewport, scrollTo]);

  return { shown, scale, virtualTop: () => place.current.virtual, scrollTo };
}

function isSame(a: Shown, b: Shown): boolean {
  return a.shift === b.shift && a.rows.first === b.rows.first && a.rows.last === b.rows.last;
}

function sameFrame(before: GridLayout, after: GridLayout, virtualTop: number, viewport: number): number {
  if (virtualTop <= PADDING) return 0;
  const rows = (virtualTop - PADDING) / before.rowHeight;
  const row = Math.floor((Math.floor(rows) * before.columns) / after.columns);
  const wished = PADDING + Math.round((row + (rows % 1)) * after.rowHeight);
  return Math.min(wished, Math.max(0, after.height - viewport));
}
