// What mouse, pen and fingers do on the canvas: draw, select, move, resize, push, pinch.

import { useEffect, useRef, type PointerEvent, type RefObject } from "react";
import { between, boxesAt, handleAt, moveInside, resize, type Handle } from "./geometry";
import type { Action, EditorState } from "./state";
import type { EditBox, Point } from "./types";
import { useLatest } from "./useLatest";
import type { Sight } from "./useView";
import { toImage, wheelWish } from "./zoom";

export interface PointerDeps {
  sight: Sight;
  state: EditorState;
  dispatch: (action: Action) => void;
  /** Boxes that are shown, and so can be clicked. */
  shown: readonly EditBox[];
  selected: EditBox | undefined;
  isReadOnly: boolean;
  /** The next drag draws, whatever lies under it. */
  isDrawing: boolean;
  isSpaceHeld: boolean;
  newBox(id: string): EditBox;
  newId(): string;
  drawn(): void;
  hover(id: string | null): void;
  /** Where the pointer is on the image; null when it left. */
  moved(at: Point | null): void;
}

type Gesture =
  | { kind: "push"; last: Point }
  | { kind: "pinch"; distance: number; middle: Point }
  | { kind: "draw"; from: Point; start: Point; box: EditBox; isStarted: boolean }
  | { kind: "move"; from: Point; start: Point; box: EditBox; hits: EditBox[]; isStarted: boolean }
  | { kind: "resize"; from: Point; start: Point; box: EditBox; handle: Handle; isStarted: boolean };

/** Screen pixels a press may tremble and still be a click. */
const TREMBLE = { mouse: 3, touch: 8 };
/** Screen pixels around an edge within which it is held. */
const REACH = { mouse: 7, touch: 16 };

export interface PointerHands {
  onPointerDown(event: PointerEvent): void;
  onPointerMove(event: PointerEvent): void;
  onPointerUp(event: PointerEvent): void;
  onPointerCancel(event: PointerEvent): void;
  onPointerLeave(): void;
}

export function usePointer(deps: PointerDeps): { hands: PointerHands; giveUp: RefObject<() => boolean> } {
  const latest = useLatest(deps);
  const gesture = useRef<Gesture | null>(null);
  const down = useRef(new Map<number, Point>());
  const { canvas } = deps.sight;

  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    // React listens passively to wheels, and a passive listener cannot keep the page still.
    const turn = (event: WheelEvent) => {
      event.preventDefault();
      const { moves } = latest.current.sight;
      const wish = wheelWish(event);
      if ("zoom" in wish) moves.zoomBy(wish.zoom, onCanvas(element, event));
      else moves.panBy(wish.pan);
    };
    element.addEventListener("wheel", turn, { passive: false });
    return () => element.removeEventListener("wheel", turn);
  }, [canvas, latest]);

  const giveUp = useRef(() => {
    const { current } = gesture;
    gesture.current = null;
    if (current === null) return false;
    latest.current.dispatch({ type: "cancel" });
    return true;
  });

  const begin = (event: PointerEvent, start: Point) => {
    const { sight, shown, selected, state, isReadOnly, isDrawing, isSpaceHeld, newBox, newId } = latest.current;
    if (event.button === 1 || (event.button === 0 && isSpaceHeld)) return { kind: "push", last: start } as const;
    if (event.button !== 0) return null;
    const { scale } = sight.view;
    const from = toImage(sight.view, start);
    const reach = REACH[kindOf(event)] / scale;
    if (!isDrawing) {
      if (selected !== undefined && !isReadOnly && !state.locked.has(selected.id)) {
        const handle = handleAt(selected, from, reach);
        if (handle !== null) return { kind: "resize", from, start, box: selected, handle, isStarted: false } as const;
      }
      const hits = boxesAt(shown, from, 2 / scale);
      const box = hits.find(({ id }) => id === selected?.id) ?? hits[0];
      if (box !== undefined) return { kind: "move", from, start, box, hits, isStarted: false } as const;
    }
    if (isReadOnly) return { kind: "push", last: start } as const;
    return { kind: "draw", from, start, box: newBox(newId()), isStarted: false } as const;
  };

  const proceed = (event: PointerEvent, at: Point) => {
    const { current } = gesture;
    if (current === null) return;
    const { sight, state, dispatch, isReadOnly } = latest.current;
    if (current.kind === "push") {
      sight.moves.panBy({ x: at.x - current.last.x, y: at.y - current.last.y });
      gesture.current = { kind: "push", last: at };
      return;
    }
    if (current.kind === "pinch") {
      const pinch = pinchOf(down.current);
      if (pinch === null) return;
      sight.moves.panBy({ x: pinch.middle.x - current.middle.x, y: pinch.middle.y - current.middle.y });
      if (current.distance > 0) sight.moves.zoomBy(pinch.distance / current.distance, pinch.middle);
      gesture.current = { kind: "pinch", ...pinch };
      return;
    }
    if (!current.isStarted) {
      if (distance(at, current.start) < TREMBLE[kindOf(event)]) return;
      current.isStarted = true;
    }
    const { image } = state;
    const to = toImage(sight.view, at);
    const by = { x: to.x - current.from.x, y: to.y - current.from.y };
    const { box } = current;
    if (current.kind === "draw") {
      dispatch({ type: "drag", box: { ...box, ...between(current.from, to, image) } });
    } else if (current.kind === "resize") {
      const how = { keepAspect: event.shiftKey, fromCentre: event.altKey };
      dispatch({ type: "drag", box: { ...box, ...resize(box, current.handle, by, how, image) } });
    } else if (!isReadOnly) {
      const moved = { ...box, left: box.left + by.x, top: box.top + by.y };
      dispatch({ type: "drag", box: { ...moved, ...moveInside(moved, image) } });
    }
  };

  const finish = (event: PointerEvent) => {
    const { current } = gesture;
    gesture.current = null;
    if (current === null || current.kind === "push" || current.kind === "pinch") return;
    const { sight, dispatch, selected, drawn } = latest.current;
    if (current.kind === "draw") {
      const to = toImage(sight.view, onCanvas(event.currentTarget, event));
      const least = TREMBLE.mouse / sight.view.scale;
      const isDrawn = Math.abs(to.x - current.from.x) >= least && Math.abs(to.y - current.from.y) >= least;
      if (current.isStarted && isDrawn) {
        dispatch({ type: "drop", deed: "draw" });
        drawn();
      } else {
        dispatch({ type: "cancel" });
        dispatch({ type: "select", id: null });
      }
    } else if (current.isStarted) {
      dispatch({ type: "drop", deed: current.kind });
      dispatch({ type: "select", id: current.box.id });
    } else if (current.kind === "move") {
      // A second click goes through to the box underneath.
      const at = current.hits.findIndex(({ id }) => id === selected?.id);
      const next = current.hits[(at + 1) % current.hits.length] ?? current.box;
      dispatch({ type: "select", id: next.id });
    }
  };

  const hands: PointerHands = {
    onPointerDown(event) {
      const element = event.currentTarget;
      if (!(element instanceof HTMLElement)) return;
      // The middle button would scroll the page by itself.
      if (event.button === 1) event.preventDefault();
      element.setPointerCapture(event.pointerId);
      const at = onCanvas(element, event);
      down.current.set(event.pointerId, at);
      const pinch = event.pointerType === "touch" ? pinchOf(down.current) : null;
      if (pinch !== null) {
        giveUp.current();
        gesture.current = { kind: "pinch", ...pinch };
      } else if (gesture.current === null) {
        gesture.current = begin(event, at);
      }
    },
    onPointerMove(event) {
      const at = onCanvas(event.currentTarget, event);
      if (down.current.has(event.pointerId)) down.current.set(event.pointerId, at);
      const { sight, moved } = latest.current;
      moved(toImage(sight.view, at));
      if (gesture.current !== null) proceed(event, at);
      else look(event, at, latest.current);
    },
    onPointerUp(event) {
      down.current.delete(event.pointerId);
      if (gesture.current?.kind === "pinch" && down.current.size > 0) {
        const [left] = down.current.values();
        gesture.current = left === undefined ? null : { kind: "push", last: left };
        return;
      }
      finish(event);
    },
    onPointerCancel(event) {
      down.current.delete(event.pointerId);
      giveUp.current();
    },
    onPointerLeave() {
      latest.current.moved(null);
      latest.current.hover(null);
    },
  };
  return { hands, giveUp };
}

const CURSORS: Record<Handle, string> = {
  n: "ns-resize",
  s: "ns-resize",
  e: "ew-resize",
  w: "ew-resize",
  nw: "nwse-resize",
  se: "nwse-resize",
  ne: "nesw-resize",
  sw: "nesw-resize",
};

// The cursor says what a press would do. Set by hand: a render for each pixel the mouse
// moves would be felt.
function look(event: PointerEvent, at: Point, deps: PointerDeps): void {
  const { sight, shown, selected, state, isReadOnly, isDrawing, isSpaceHeld, hover } = deps;
  const point = toImage(sight.view, at);
  const { scale } = sight.view;
  const isHeld = selected !== undefined && !isReadOnly && !state.locked.has(selected.id);
  const handle = isHeld ? handleAt(selected, point, REACH.mouse / scale) : null;
  const [top] = boxesAt(shown, point, 2 / scale);
  let cursor = isReadOnly ? "grab" : "crosshair";
  if (isSpaceHeld) cursor = "grab";
  else if (!isDrawing && handle !== null) cursor = CURSORS[handle];
  else if (!isDrawing && top !== undefined) cursor = isReadOnly || state.locked.has(top.id) ? "default" : "move";
  if (event.currentTarget instanceof HTMLElement) event.currentTarget.style.cursor = cursor;
  hover(isDrawing || isSpaceHeld ? null : (top?.id ?? null));
}

function onCanvas(element: EventTarget & Element, event: { clientX: number; clientY: number }): Point {
  const { left, top } = element.getBoundingClientRect();
  return { x: event.clientX - left - element.clientLeft, y: event.clientY - top - element.clientTop };
}

function pinchOf(down: ReadonlyMap<number, Point>): { distance: number; middle: Point } | null {
  const [one, two] = down.values();
  if (one === undefined || two === undefined) return null;
  return { distance: distance(one, two), middle: { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2 } };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function kindOf(event: PointerEvent): "mouse" | "touch" {
  return event.pointerType === "touch" ? "touch" : "mouse";
}
