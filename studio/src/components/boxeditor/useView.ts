// Where the image lies in the canvas, as state; the arithmetic is in `zoom.ts`.

import { useLayoutEffect, useMemo, useRef, useState, type RefObject } from "react";
import type { Point, Rect, Size } from "./types";
import * as zoom from "./zoom";
import type { View } from "./zoom";

export interface Sight {
  canvas: RefObject<HTMLDivElement | null>;
  view: View;
  /** Of the canvas; nothing is drawn before it is known. */
  room: Size;
  isMeasured: boolean;
  moves: Moves;
}

export interface Moves {
  zoomBy(factor: number, at?: Point): void;
  panBy(by: Point): void;
  fit(): void;
  fullSize(): void;
  zoomTo(rect: Rect): void;
  bringIntoSight(rect: Rect): void;
}

interface Lying {
  view: View;
  room: Size;
  /** Fitted until a person zooms or pushes: then it is fitted anew when the window changes. */
  isFitted: boolean;
}

export function useView(image: Size): Sight {
  const { width, height } = image;
  const canvas = useRef<HTMLDivElement>(null);
  const [{ view, room }, setLying] = useState<Lying>({
    view: { scale: 1, x: 0, y: 0 },
    room: { width: 0, height: 0 },
    isFitted: true,
  });

  useLayoutEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const size = { width, height };
    const measure = () => {
      const next = { width: element.clientWidth, height: element.clientHeight };
      setLying((lying) => {
        if (next.width === lying.room.width && next.height === lying.room.height) return lying;
        if (lying.isFitted) return { ...lying, room: next, view: zoom.fit(size, next) };
        return { ...lying, room: next, view: zoom.pan(lying.view, { x: 0, y: 0 }, size, next) };
      });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [width, height]);

  const moves = useMemo((): Moves => {
    const size = { width, height };
    const change = (next: (view: View, room: Size) => View) =>
      setLying((lying) => {
        const moved = next(lying.view, lying.room);
        return moved === lying.view ? lying : { ...lying, view: moved, isFitted: false };
      });
    const middle = (place: Size) => ({ x: place.width / 2, y: place.height / 2 });
    return {
      zoomBy: (factor, at) => change((now, place) => zoom.zoomAt(now, at ?? middle(place), factor, size, place)),
      panBy: (by) => change((now, place) => zoom.pan(now, by, size, place)),
      fit: () => setLying((lying) => ({ ...lying, view: zoom.fit(size, lying.room), isFitted: true })),
      fullSize: () => change((now, place) => zoom.zoomAt(now, middle(place), 1 / now.scale, size, place)),
      zoomTo: (rect) => change((_, place) => zoom.zoomTo(rect, size, place)),
      bringIntoSight: (rect) => change((now, place) => zoom.bringIntoSight(now, rect, place)),
    };
  }, [width, height]);

  return { canvas, view, room, isMeasured: room.width > 0, moves };
}
