import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";
import { flushSync } from "react-dom";
import { PADDING, rowsAt, type GridLayout, type RowRange } from "./layout";
import { afterScroll, atRest, scaleFor, toPhysical, type ScrollPlace, type ScrollScale } from "./scale";

/** Rows rendered above and below those in sight. */
const EXTRA_ROWS = 1;
/** After so long without a scroll event the bar may be set right. */
const REST_MS = 140;
/** A scroll that passes a screenful in less than this is a fling: no eye can follow it. */
const FLING_MS = 110;

export interface Shown {
  rows: RowRange;
  /** Virtual minus physical: what to take off a row's place to stand in the scrolled element. */
  shift: number;
  /** Too fast to see pictures: tiles that come into sight go without until it is over. */
  isFling: boolean;
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
  const isFling = useRef(false);
  const show = useCallback(
    (at: ScrollPlace): Shown => ({ rows: rowsAt(layout, at.virtual, viewport, EXTRA_ROWS), shift: at.virtual - at.physical, isFling: isFling.current }),
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
      const physical = toPhysical(latest.current.scale, virtualTop);
      // Writing where it is already would stop a finger's momentum.
      if (Math.abs(element.scrollTop - physical) >= 1) element.scrollTop = physical;
      update({ physical: element.scrollTop, virtual: virtualTop }, false);
    },
    [ref, update],
  );

  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    let rest: ReturnType<typeof setTimeout> | undefined;
    let scrolledAt = 0;
    const settle = () => {
      isFling.current = false;
      const wished = atRest(latest.current.scale, place.current);
      if (Math.abs(wished - place.current.physical) >= 1) element.scrollTop = wished;
      update({ physical: element.scrollTop, virtual: place.current.virtual }, false);
    };
    const onScroll = (event: Event) => {
      const physical = element.scrollTop;
      const { scale } = latest.current;
      if (physical !== place.current.physical) {
        const next = afterScroll(scale, place.current, physical);
        const sinceMs = Math.max(8, event.timeStamp - scrolledAt);
        isFling.current = Math.abs(next.virtual - place.current.virtual) * FLING_MS > scale.viewport * sinceMs;
        update(next, true);
      }
      scrolledAt = event.timeStamp;
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
  return a.shift === b.shift && a.isFling === b.isFling && a.rows.first === b.rows.first && a.rows.last === b.rows.last;
}

function sameFrame(before: GridLayout, after: GridLayout, virtualTop: number, viewport: number): number {
  if (virtualTop <= PADDING) return 0;
  const rows = (virtualTop - PADDING) / before.rowHeight;
  const row = Math.floor((Math.floor(rows) * before.columns) / after.columns);
  const wished = PADDING + Math.round((row + (rows % 1)) * after.rowHeight);
  return Math.min(wished, Math.max(0, after.height - viewport));
}
