import { memo } from "react";
import { IconButton } from "../ui";
import { fromPixels, toPixels, type Size, type View } from "./project";
import { metresInWords, niceBelow } from "./ticks";

/** The blank grid below the track: lines at round metres from its middle. */
export const MapPaper = memo(function MapPaper({ view, size }: { view: View; size: Size }) {
  const step = niceBelow(120 / view.scale);
  const [left, top] = fromPixels(view, size, 0, 0);
  let path = "";
  // Half pixels: lines of one pixel are sharp there.
  for (let x = Math.ceil(left / step) * step; ; x += step) {
    const [px] = toPixels(view, size, x, 0);
    if (px > size.width) break;
    path += `M${Math.round(px) + 0.5} 0V${size.height}`;
  }
  for (let y = Math.ceil(top / step) * step; ; y += step) {
    const [, py] = toPixels(view, size, 0, y);
    if (py > size.height) break;
    path += `M0 ${Math.round(py) + 0.5}H${size.width}`;
  }
  return <path d={path} className="stroke-line/70" strokeWidth={1} />;
});

/** How long is long, and where is north. */
export function MapLegend({ view }: { view: View }) {
  const metres = niceBelow(110 / view.scale);
  return (
    <div className="pointer-events-none absolute right-[10px] bottom-[8px] flex items-end gap-[10px] text-[11px] text-soft tabular-nums">
      <span className="flex flex-col items-end gap-[2px]">
        {metresInWords(metres)}
        <span className="h-[5px] border-x border-b border-soft" style={{ width: metres * view.scale }} />
      </span>
      <svg width="14" height="24" viewBox="0 0 14 24" aria-label="North is up" role="img">
        <path d="M7 1 11 11H3Z" fill="currentColor" />
        <text x="7" y="22" textAnchor="middle" fontSize="10" fontWeight="600" fill="currentColor">
          N
        </text>
      </svg>
    </div>
  );
}

interface MapToolsProps {
  zoomBy: (factor: number) => void;
  fit: () => void;
  isFitted: boolean;
  isBoxing: boolean;
  /** Absent where no box can be drawn. */
  setIsBoxing: ((isBoxing: boolean) => void) | undefined;
}

export const MapTools = memo(function MapTools({ zoomBy, fit, isFitted, isBoxing, setIsBoxing }: MapToolsProps) {
  return (
    <div className="absolute top-[8px] right-[8px] flex flex-col rounded-[7px] border border-line bg-raised p-[2px] shadow-sm">
      <IconButton size="small" icon="plus" label="Zoom in" shortcut="+" onPress={() => zoomBy(1.6)} />
      <IconButton size="small" icon="minus" label="Zoom out" shortcut="−" onPress={() => zoomBy(1 / 1.6)} />
      <IconButton size="small" icon="fit" label="Show all" shortcut="0" isDisabled={isFitted} onPress={fit} />
      {setIsBoxing !== undefined && (
        <IconButton
          size="small"
          icon="box"
          label={isBoxing ? "Draw a box now" : "Filter by a box"}
          shortcut="⇧ drag"
          className={isBoxing ? "bg-accent-wash text-accent" : ""}
          onPress={() => setIsBoxing(!isBoxing)}
        />
      )}
    </div>
  );
});
