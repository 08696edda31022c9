import { memo, useRef, useState } from "react";
import { CheckMark, cx, Icon, type IconName } from "../ui";
import type { ShownBox } from "../model";
import type { GridFrame } from "./model";

export interface TileProps {
  index: number;
  column: number;
  frame: GridFrame | undefined;
  isSelected: boolean;
  /** Tab reaches this one tile of the grid. */
  isFocusTile: boolean;
  /** The grid flies by: a picture is not begun, and stays where it was there before. */
  isFling: boolean;
  isSelectable: boolean;
  minConfidence: number;
  colourOf: (label: string) => string;
}

// Sizes come from the grid's own custom properties: a new width renders no tile anew.
const TILE =
  "group/tile relative w-(--tile-width) shrink-0 rounded-[7px] outline-none [contain:strict] h-(--tile-height) " +
  "after:pointer-events-none after:absolute after:inset-0 after:rounded-[7px] " +
  "focus-visible:after:shadow-[inset_0_0_0_2px_var(--accent),inset_0_0_0_3px_var(--paper)]";

/** One frame. Clicks and keys are heard by the grid: a tile has no handler of its own. */
export const Tile = memo(function Tile(props: TileProps) {
  const { index, column, frame, isSelected, isFocusTile, isFling, isSelectable, minConfidence, colourOf } = props;
  const drawn = useRef<string | null>(null);
  if (!isFling) drawn.current = frame?.key ?? null;
  // What flies by is a place and a time: each element less is one less to lay out per frame.
  const isDrawn = frame !== undefined && drawn.current === frame.key;
  const shown = !isDrawn ? [] : boxesShown(frame.boxes, minConfidence);
  return (
    <div
      role="gridcell"
      data-index={index}
      aria-colindex={column + 1}
      aria-selected={isSelectable ? isSelected : undefined}
      aria-label={frame === undefined ? `Frame ${index + 1}, loading` : undefined}
      tabIndex={isFocusTile ? 0 : -1}
      className={cx(TILE, isSelected && "bg-accent-wash")}
    >
      <div className="relative h-(--image-height) overflow-hidden rounded-[7px] bg-sunken">
        {isDrawn && <Picture key={frame.key} frame={frame} shown={shown} colourOf={colourOf} />}
        {isSelected && <span className="pointer-events-none absolute inset-0 rounded-[7px] shadow-[inset_0_0_0_2px_var(--accent)]" />}
        {isDrawn && isSelectable && (
          <span
            data-check=""
            className={cx(
              "absolute top-0 left-0 p-[6px] transition-opacity",
              !isSelected && "opacity-0 group-hover/tile:opacity-100 group-focus-visible/tile:opacity-100 [@media(hover:none)]:opacity-100",
            )}
          >
            <CheckMark isChecked={isSelected} />
          </span>
        )}
        {isDrawn && <Marks frame={frame} />}
      </div>
      <div className="flex h-[24px] items-center justify-between gap-[8px] px-[4px] text-[11.5px] text-soft tabular-nums">
        {frame === undefined ? (
          <span className="h-[8px] w-[60%] rounded-full bg-ink/8" />
        ) : (
          <>
            <span className="truncate text-ink">{frame.time}</span>
            {isDrawn && <span className="truncate group-data-narrow/grid:sr-only">{frame.camera}</span>}
          </>
        )}
      </div>
    </div>
  );
});

interface PictureProps {
  frame: GridFrame;
  shown: readonly ShownBox[];
  colourOf: (label: string) => string;
}

function Picture({ frame, shown, colourOf }: PictureProps) {
  const { width, height } = frame;
  const [isBroken, setBroken] = useState(false);
  return (
    <>
      {frame.thumbnail === null || isBroken ? (
        <span role="img" aria-label={`No picture. ${boxesInWords(shown)}`} className="flex h-full items-center justify-center text-soft">
          <Icon name="camera" />
        </span>
      ) : (
        // The whole picture, never cut: a box at its rim has to be seen.
        <img src={frame.thumbnail} alt={boxesInWords(shown)} loading="eager" decoding="async" draggable={false} onError={() => setBroken(true)} className="size-full object-contain" />
      )}
      {shown.length > 0 && (
        <svg aria-hidden="true" viewBox={`0 0 ${width} ${height}`} className="absolute inset-0 size-full" fill="none" strokeWidth={1.5}>
          {shown.map(({ key, label, bbox }) =>
            bbox === null ? null : (
              <rect
                key={key}
                x={bbox.left * width}
                y={bbox.top * height}
                width={(bbox.right - bbox.left) * width}
                height={(bbox.bottom - bbox.top) * height}
                stroke={colourOf(label)}
                vectorEffect="non-scaling-stroke"
              />
            ),
          )}
        </svg>
      )}
    </>
  );
}

const PLATE = "flex h-[18px] items-center gap-[3px] rounded-[4px] bg-black/65 px-[4px] text-[10.5px] font-medium text-white";

function Marks({ frame }: { frame: GridFrame }) {
  const [firstTag] = frame.tags;
  if (firstTag === undefined && !frame.isAnonymised && !frame.isEdited) return null;
  const mark = (icon: IconName, title: string) => (
    <span role="img" aria-label={title} className={PLATE}>
      <Icon name={icon} size={11} />
    </span>
  );
  return (
    <span className="pointer-events-none absolute right-[5px] bottom-[5px] left-[5px] flex justify-end gap-[3px]">
      {firstTag !== undefined && (
        <span className={cx(PLATE, "mr-auto min-w-0")}>
          <Icon name="tag" size={11} />
          <span className="truncate">{firstTag}</span>
          {frame.tags.length > 1 && <span>+{frame.tags.length - 1}</span>}
        </span>
      )}
      {frame.isEdited && mark("edit", "Edited by a person")}
      {frame.isAnonymised && mark("shield", "Faces and plates are gone")}
    </span>
  );
}

/** Boxes that are sure enough; what a person drew has no confidence and always is. */
function boxesShown(boxes: readonly ShownBox[], minConfidence: number): readonly ShownBox[] {
  return boxes.filter((box) => box.bbox !== null && (box.confidence === null || box.confidence >= minConfidence));
}

/** What a screen reader says of a picture: "3 car, 1 person". */
function boxesInWords(shown: readonly ShownBox[]): string {
  const counts = new Map<string, number>();
  for (const box of shown) counts.set(box.label, (counts.get(box.label) ?? 0) + 1);
  return counts.size === 0 ? "no boxes" : [...counts].map(([label, count]) => `${count} ${label}`).join(", ");
}
