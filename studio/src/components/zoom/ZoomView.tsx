// Something zoomed by the wheel towards the pointer and moved by dragging.

import { useEffect, useRef, useState, type PointerEvent, type ReactNode } from "react";
import { IconButton } from "../ui";
import { useShortcut } from "../shell";
import { FITTED, MOST_ZOOM, movedBy, zoomedAt, type Zoom } from "./zooming";

/** Less is a click with an unsteady hand. */
const DRAG_PIXELS = 3;

export function ZoomView({ width, height, children }: { width: number; height: number; children: ReactNode }) {
  const ground = useRef<HTMLDivElement>(null);
  const [zoom, setZoom] = useState<Zoom>(FITTED);
  const drag = useRef<{ x: number; y: number; from: Zoom; hasMoved: boolean } | null>(null);

  // React listens to wheels passively: the page would scroll as well.
  useEffect(() => {
    const element = ground.current;
    if (element === null) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const { left, top, width, height } = element.getBoundingClientRect();
      const at = { x: event.clientX - left - width / 2, y: event.clientY - top - height / 2 };
      setZoom((old) => zoomedAt(old, at, Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), { width, height }));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, []);

  const by = (factor: number) => {
    const size = ground.current?.getBoundingClientRect();
    if (size !== undefined) setZoom((old) => zoomedAt(old, { x: 0, y: 0 }, factor, size));
  };
  useShortcut("+", () => by(1.4));
  useShortcut("-", () => by(1 / 1.4));
  useShortcut("f", () => setZoom(FITTED));

  const onPointerDown = (event: PointerEvent) => {
    if (event.button > 1 || zoom.scale === 1) return;
    drag.current = { x: event.clientX, y: event.clientY, from: zoom, hasMoved: false };
  };
  const onPointerMove = (event: PointerEvent) => {
    const element = ground.current;
    if (drag.current === null || element === null) return;
    const [dx, dy] = [event.clientX - drag.current.x, event.clientY - drag.current.y];
    if (!drag.current.hasMoved && Math.hypot(dx, dy) < DRAG_PIXELS) return;
    if (!drag.current.hasMoved) element.setPointerCapture(event.pointerId);
    drag.current.hasMoved = true;
    setZoom(movedBy(drag.current.from, dx, dy, element.getBoundingClientRect()));
  };
  const onPointerUp = () => {
    drag.current = null;
  };
  const style = {
    transform: `translate(${zoom.x}px, ${zoom.y}px) scale(${zoom.scale})`,
    imageRendering: zoom.scale > 4 ? ("pixelated" as const) : undefined,
    "--aspect": `${width} / ${height}`,
    // For lines and words that are to stay as thick and as high as they were.
    "--zoom": zoom.scale,
  };
  return (
    <div ref={ground} onPointerDown={onPointerDown} onPointerMove={onPointerMove} onPointerUp={onPointerUp} onPointerCancel={onPointerUp} className={`absolute inset-0 touch-none overflow-hidden ${zoom.scale > 1 ? "cursor-grab" : ""}`}>
      <div className="absolute inset-0" style={style}>
        {children}
      </div>
      <div className="absolute right-[10px] bottom-[10px] flex gap-[6px]">
        <IconButton icon="minus" label="Smaller" shortcut="-" kind="plain" isDisabled={zoom.scale === 1} onPress={() => by(1 / 1.4)} />
        <IconButton icon="plus" label="Larger" shortcut="+" kind="plain" isDisabled={zoom.scale >= MOST_ZOOM} onPress={() => by(1.4)} />
        <IconButton icon="fit" label="All of it" shortcut="F" kind="plain" isDisabled={zoom.scale === 1} onPress={() => setZoom(FITTED)} />
      </div>
    </div>
  );
}
