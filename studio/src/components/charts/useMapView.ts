import { useCallback, useEffect, useMemo, useRef, useState, type RefObject } from "react";
import { fitView, zoomAt, type Size, type View } from "./project";

const MARGIN = 28;

/** The window on the plane, moved by wheel, and fitted until the person moves it. */
export function useMapView(ref: RefObject<HTMLElement | null>, xs: Float64Array, ys: Float64Array, size: Size) {
  const fitted = useMemo(() => fitView(xs, ys, size, MARGIN), [xs, ys, size]);
  // null: as it fits, also when the room or the track changes.
  const [moved, setMoved] = useState<View | null>(null);
  const view = moved ?? fitted;
  const latest = useRef({ view, size });
  latest.current = { view, size };

  const change = useCallback((act: (view: View, size: Size) => View) => {
    setMoved((before) => act(before ?? latest.current.view, latest.current.size));
  }, []);
  const fit = useCallback(() => setMoved(null), []);

  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    // Not by React's prop, which is passive: the page would scroll along.
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 16 : event.deltaY;
      const factor = Math.exp(-Math.max(-200, Math.min(200, pixels)) * 0.0022);
      change((view, size) => zoomAt(view, size, event.clientX - box.left, event.clientY - box.top, factor));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [ref, change]);

  return { view, change, fit, isFitted: moved === null };
}
