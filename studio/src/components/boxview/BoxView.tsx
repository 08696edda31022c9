// An image with its boxes, to be looked at. Takes the size of the place it is put in and
// never measures: a hundred of them on a page cost no layout.

import { memo, useMemo, type CSSProperties } from "react";
import { classColour, classInk } from "../classes";
import type { BBox, ShownBox } from "../model";
import { labelPlace, outlinesByLabel } from "./outlines";

export interface BoxViewProps {
  src: string;
  alt: string;
  /** Pixels of the image. */
  width: number;
  height: number;
  boxes: readonly ShownBox[];
  selectedKey?: string | null;
  hoveredKey?: string | null;
  /** Of the boxes, 0..1. */
  opacity?: number;
  showLabels?: boolean;
  /** A box was clicked, or the ground (null). For the pointer only: a page that lists
   * its boxes beside the image gives the keyboard the same. */
  onSelect?: (key: string | null) => void;
  onHover?: (key: string | null) => void;
  /** `contain` shows the whole image, `cover` fills the place. */
  fit?: "contain" | "cover";
  /** Further classes of the outer element; its height follows the image unless given. */
  className?: string;
}

export type PlacedBox = ShownBox & { bbox: BBox };

export const BoxView = memo(function BoxView({
  src,
  alt,
  width,
  height,
  boxes,
  selectedKey = null,
  hoveredKey = null,
  opacity = 1,
  showLabels = false,
  onSelect,
  onHover,
  fit = "contain",
  className = "",
}: BoxViewProps) {
  // The same list as long as the boxes are the same: marking one draws no other anew.
  const placed = useMemo(() => boxes.filter((box): box is PlacedBox => box.bbox !== null), [boxes]);
  const isPointed = onSelect !== undefined || onHover !== undefined;
  const marked = placed.filter(({ key }) => key === selectedKey || key === hoveredKey);
  return (
    <div
      className={`relative w-full overflow-hidden bg-sunken ${className}`}
      style={{ containerType: "size", aspectRatio: `${width} / ${height}` }}
    >
      <div className="absolute top-1/2 left-1/2 -translate-1/2" style={frame(width / height, fit)}>
        <img
          src={src}
          alt={alt}
          width={width}
          height={height}
          loading="lazy"
          decoding="async"
          draggable={false}
          className="absolute inset-0 size-full max-w-none select-none"
        />
        <svg
          aria-hidden="true"
          viewBox={`0 0 ${width} ${height}`}
          preserveAspectRatio="none"
          className={`absolute inset-0 size-full ${isPointed ? "" : "pointer-events-none"}`}
          style={{ opacity }}
          fill="none"
          onClick={onSelect && (() => onSelect(null))}
        >
          <Outlines boxes={placed} width={width} height={height} />
          {marked.map((box) => (
            <Marked key={box.key} box={box} width={width} height={height} isSelected={box.key === selectedKey} />
          ))}
          {isPointed &&
            bySize(placed).map(({ key, bbox }) => (
              <rect
                key={key}
                {...pixels(bbox, width, height)}
                pointerEvents="all"
                onClick={
                  onSelect &&
                  ((event) => {
                    event.stopPropagation();
                    onSelect(key);
                  })
                }
                onPointerEnter={onHover && (() => onHover(key))}
                onPointerLeave={onHover && (() => onHover(null))}
              />
            ))}
        </svg>
        {showLabels && <Labels boxes={placed} opacity={opacity} />}
      </div>
    </div>
  );
});

// The image's rectangle in its place, said in units of the place: nobody has to measure.
function frame(aspect: number, fit: "contain" | "cover"): CSSProperties {
  const pick = fit === "contain" ? "min" : "max";
  return { aspectRatio: `${aspect}`, width: `${pick}(100cqw, ${100 * aspect}cqh)` };
}

// One path per class, and one dark one below them all: twenty boxes are a handful of
// elements.
const Outlines = memo(function Outlines({
  boxes,
  width,
  height,
}: {
  boxes: readonly PlacedBox[];
  width: number;
  height: number;
}) {
  const outlines = outlinesByLabel(boxes, width, height);
  return (
    <g>
      <path
        d={outlines.map(({ path }) => path).join("")}
        stroke="#000"
        strokeOpacity={0.55}
        strokeWidth={3.5}
        vectorEffect="non-scaling-stroke"
      />
      {outlines.map(({ label, path }) => (
        <path key={label} d={path} stroke={classColour(label)} strokeWidth={1.75} vectorEffect="non-scaling-stroke" />
      ))}
    </g>
  );
});

function Marked({
  box,
  width,
  height,
  isSelected,
}: {
  box: PlacedBox;
  width: number;
  height: number;
  isSelected: boolean;
}) {
  const colour = classColour(box.label);
  const at = pixels(box.bbox, width, height);
  return (
    <g>
      <rect {...at} fill={colour} fillOpacity={isSelected ? 0.22 : 0.12} />
      {isSelected && <rect {...at} stroke="#fff" strokeWidth={5} vectorEffect="non-scaling-stroke" />}
      <rect {...at} stroke={colour} strokeWidth={3} vectorEffect="non-scaling-stroke" />
    </g>
  );
}

const Labels = memo(function Labels({ boxes, opacity }: { boxes: readonly PlacedBox[]; opacity: number }) {
  return (
    <div aria-hidden="true" className="pointer-events-none absolute inset-0 overflow-hidden" style={{ opacity }}>
      {boxes.map((box) => (
        <span
          key={box.key}
          className="absolute h-4 truncate rounded-[3px] px-1 text-[11px] leading-4 font-medium whitespace-nowrap"
          style={{
            ...labelPlace(box.bbox),
            background: classColour(box.label),
            color: classInk(box.label),
          }}
        >
          {box.label}
          {box.confidence !== null && ` ${box.confidence.toFixed(2)}`}
        </span>
      ))}
    </div>
  );
});

function pixels(bbox: BBox, width: number, height: number) {
  return {
    x: bbox.left * width,
    y: bbox.top * height,
    width: (bbox.right - bbox.left) * width,
    height: (bbox.bottom - bbox.top) * height,
  };
}

// The last drawn is the first met: small boxes lie above those that hold them.
function bySize(boxes: readonly PlacedBox[]): readonly PlacedBox[] {
  const area = ({ bbox }: PlacedBox) => (bbox.right - bbox.left) * (bbox.bottom - bbox.top);
  return [...boxes].sort((a, b) => area(b) - area(a));
}
