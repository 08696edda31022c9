// Boxes as they lie on the image. Each is drawn anew only when it changes itself: while
// one of five hundred is dragged, the others rest.

import { memo } from "react";
import { useClassLook } from "../colours";
import { HANDLES, handlePoint } from "./geometry";
import type { EditBox } from "./types";
import { sizeOf } from "./words";
import { toScreen, type View } from "./zoom";

export interface ShapeProps {
  box: EditBox;
  isSelected: boolean;
  isHovered: boolean;
}

export const BoxShape = memo(function BoxShape({ box, isSelected, isHovered }: ShapeProps) {
  const { colour } = useClassLook()(box.label);
  const at = { x: box.left, y: box.top, width: box.width, height: box.height };
  // A dashed line is the model's word, an unbroken one a person's.
  const dash = box.origin === "model" ? "6 4" : undefined;
  return (
    <g data-box={box.id}>
      <rect {...at} fill={colour} fillOpacity={isSelected ? 0.05 : isHovered ? 0.22 : 0.08} />
      <rect {...at} stroke="#000" strokeOpacity={0.5} strokeWidth={isSelected ? 5 : 3.5} vectorEffect="non-scaling-stroke" />
      {isSelected && <rect {...at} stroke="#fff" strokeWidth={3.5} vectorEffect="non-scaling-stroke" />}
      <rect {...at} stroke={colour} strokeWidth={2} strokeDasharray={dash} vectorEffect="non-scaling-stroke" />
    </g>
  );
});

/**
 * The name on its plate. The canvas tells where the image lies by custom properties, so
 * zooming moves five hundred names without one of them being rendered.
 */
export const BoxName = memo(function BoxName({
  box,
  isSelected,
  isLocked,
}: {
  box: EditBox;
  isSelected: boolean;
  isLocked: boolean;
}) {
  const { colour, ink } = useClassLook()(box.label);
  const x = `calc(${box.left} * var(--scale) * 1px)`;
  // Clear of the knobs where there are some.
  const y = `calc(max(0, ${box.top} * var(--scale) - ${isSelected ? 23 : 18}) * 1px)`;
  return (
    <span
      className="absolute top-0 left-0 flex h-[17px] items-center gap-1 rounded-[3px] px-1 text-[11px] font-semibold whitespace-nowrap shadow-[0_0_0_1px_rgb(0_0_0/0.35)]"
      style={{
        transform: `translate(${x}, ${y})`,
        background: colour,
        color: ink,
      }}
    >
      {box.label === "" ? "no class" : box.label}
      {box.confidence !== null && <span className="font-normal">{box.confidence.toFixed(2)}</span>}
      {isLocked && <span className="font-normal">locked</span>}
    </span>
  );
});

/** How large it is, below it, while a hand changes that. */
export function BoxSize({ box }: { box: EditBox }) {
  const x = `calc(${box.left} * var(--scale) * 1px)`;
  const y = `calc(${box.top + box.height} * var(--scale) * 1px + 7px)`;
  return (
    <span
      className="absolute top-0 left-0 rounded-[3px] bg-black/75 px-1.5 text-[11px] leading-[17px] whitespace-nowrap text-white tabular-nums"
      style={{ transform: `translate(${x}, ${y})` }}
    >
      {sizeOf(box)}
    </span>
  );
}

export const Shapes = memo(function Shapes({ boxes, hovered }: { boxes: readonly EditBox[]; hovered: string | null }) {
  return boxes.map((box) => <BoxShape key={box.id} box={box} isSelected={false} isHovered={box.id === hovered} />);
});

export const Names = memo(function Names({
  boxes,
  hovered,
  locked,
  nameFrom,
}: {
  boxes: readonly EditBox[];
  hovered: string | null;
  locked: ReadonlySet<string>;
  /** Pixels of the image a box has to be wide to carry its name. */
  nameFrom: number;
}) {
  return boxes.map((box) =>
    box.width >= nameFrom || box.id === hovered ? (
      <BoxName key={box.id} box={box} isSelected={false} isLocked={locked.has(box.id)} />
    ) : null,
  );
});

/** Eight knobs, of one size on the screen however far the image is zoomed. */
export function Handles({ box, view, isLocked }: { box: EditBox; view: View; isLocked: boolean }) {
  if (isLocked) return null;
  const isSmall = Math.min(box.width, box.height) * view.scale < 26;
  return (
    <g>
      {HANDLES.map((handle) => {
        // Knobs of a small box would hide it: its corners are enough to see.
        if (isSmall && handle.length === 1) return null;
        const { x, y } = toScreen(view, handlePoint(box, handle));
        return (
          <rect
            key={handle}
            data-handle={handle}
            x={x - 4}
            y={y - 4}
            width={8}
            height={8}
            rx={1.5}
            fill="#fff"
            stroke="#17202b"
            strokeWidth={1.25}
          />
        );
      })}
    </g>
  );
}
