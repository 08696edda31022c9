import { useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from "react";
import { cx } from "../ui";
import { widthAfterKey, withinLimits } from "./split";

export interface SplitPaneProps {
  /** What the side holds, for screen readers. */
  label: string;
  side: ReactNode;
  children: ReactNode;
  /** Where the side stands. */
  at?: "left" | "right";
  width: number;
  onWidth: (width: number) => void;
  least?: number;
  most?: number;
  /** A side that is closed is not rendered. */
  isOpen?: boolean;
}

/** A side panel with a border that can be moved. On narrow screens it lies above the rest. */
export function SplitPane(props: SplitPaneProps) {
  const { label, side, children, at = "left", width, onWidth, least = 200, most = 560, isOpen = true } = props;
  const drag = useRef<{ x: number; width: number } | null>(null);
  const [isDragging, setIsDragging] = useState(false);
  const limits = { least, most };

  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    drag.current = { x: event.clientX, width };
    setIsDragging(true);
  };
  const onPointerMove = (event: PointerEvent) => {
    if (drag.current === null) return;
    const moved = event.clientX - drag.current.x;
    onWidth(withinLimits(drag.current.width + (at === "left" ? moved : -moved), limits));
  };
  const stop = () => {
    drag.current = null;
    setIsDragging(false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const next = widthAfterKey(event.key, width, at, limits);
    if (next === undefined) return;
    event.preventDefault();
    onWidth(next);
  };

  return (
    <div className={cx("flex h-full min-h-0 min-w-0 max-[720px]:flex-col", at === "right" && "flex-row-reverse")}>
      {isOpen && (
        <>
          <aside aria-label={label} className="min-h-0 w-(--side) shrink-0 overflow-auto bg-card max-[720px]:max-h-[45%] max-[720px]:w-full max-[720px]:border-b max-[720px]:border-line" style={{ ["--side" as string]: `${width}px` }}>
            {side}
          </aside>
          <div
            role="separator"
            tabIndex={0}
            aria-orientation="vertical"
            aria-label={`Width of ${label}`}
            aria-valuemin={least}
            aria-valuemax={most}
            aria-valuenow={width}
            aria-valuetext={`${width} pixels`}
            onPointerDown={onPointerDown}
            onPointerMove={onPointerMove}
            onPointerUp={stop}
            onPointerCancel={stop}
            onKeyDown={onKeyDown}
            className={cx(
              "group relative z-10 w-px shrink-0 cursor-col-resize touch-none bg-line outline-none max-[720px]:hidden",
              // The line is one pixel, what can be grabbed of it nine.
              "before:absolute before:inset-y-0 before:-left-[4px] before:w-[9px] after:absolute after:inset-y-0 after:-left-px after:w-[3px] after:bg-accent after:opacity-0 after:transition-opacity hover:after:opacity-100 focus-visible:after:opacity-100",
              isDragging && "after:opacity-100",
            )}
          />
        </>
      )}
      <div className="min-h-0 min-w-0 flex-1">{children}</div>
    </div>
  );
}
