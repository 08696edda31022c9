// A grid of up to a million frames of which only those in sight are in the page. It knows
// nothing of where frames come from: it asks for them by place and says which places show.
//
// The rows are virtualised by hand rather than by a library: all rows are equally high, so
// each answer is one division, while a library keeps a table of every row and rebuilds it at
// each step of the size slider, and none copes with grids higher than browsers can scroll.

import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type CSSProperties, type KeyboardEvent, type MouseEvent, type ReactNode } from "react";
import { classColour } from "../classes";
import { CAPTION_HEIGHT, GAP, layOut, moveFocus, PADDING, rowTop, scrollTopFor } from "./layout";
import type { GridFrame } from "./model";
import { RangeAnchor, type SelectionChange } from "./selection";
import { Tile } from "./Tile";
import { useScrollPlace } from "./useScrollPlace";
import { VisibleAsker } from "./visible";

/** A caption as narrow as this holds the time only. */
const NARROW = 158;

export interface FrameGridProps {
  /** What the grid shows, for screen readers. */
  label: string;
  total: number;
  /** Says which frames these are, a filter for example: another one is shown from its top. */
  dataKey?: string;
  /** The width wished for a tile, 120..480; tiles grow a little to fill the line. */
  tileWidth: number;
  /** Width by height of a tile's image. */
  aspect?: number;
  /** undefined while the frame is not loaded: its tile is a skeleton. */
  frameAt: (index: number) => GridFrame | undefined;
  /** The frames in sight, both inclusive; a fling is told of once it rests. */
  onVisible: (first: number, last: number) => void;
  selected: ReadonlySet<string>;
  onSelect: (change: SelectionChange) => void;
  focusIndex: number;
  onFocusIndex: (index: number) => void;
  onOpen: (index: number) => void;
  /** Boxes less sure than this are not drawn. */
  minConfidence?: number;
  colourOf?: (label: string) => string;
  /** What a plain click does; `select` opens by a double click. */
  click?: "select" | "open";
  /** Frames can be marked; the usual. */
  isSelectable?: boolean;
  /** Stands in place of the tiles where there is no frame. */
  empty?: ReactNode;
}

export function FrameGrid(props: FrameGridProps) {
  const { label, total, tileWidth, aspect = 1.6, frameAt, selected, focusIndex, empty } = props;
  const { dataKey = "", minConfidence = 0, colourOf = classColour, isSelectable = true } = props;
  const ref = useRef<HTMLDivElement>(null);
  const size = useInnerSize(ref);
  const layout = useMemo(() => layOut(size.width, tileWidth, aspect, total), [size.width, tileWidth, aspect, total]);
  const { shown, scale, virtualTop, scrollTo } = useScrollPlace(ref, layout, size.height);
  const latest = useRef(props);
  latest.current = props;

  const asker = useMemo(() => new VisibleAsker((first, last) => latest.current.onVisible(first, last)), []);
  const firstShown = shown.rows.first * layout.columns;
  const lastShown = Math.min(total, (shown.rows.last + 1) * layout.columns) - 1;
  useEffect(() => {
    if (size.height > 0 && lastShown >= firstShown) asker.moved(firstShown, lastShown);
  }, [asker, firstShown, lastShown, size.height]);
  useEffect(() => () => asker.dispose(), [asker]);

  const anchor = useRef(new RangeAnchor());
  const shownKey = useRef(dataKey);
  useLayoutEffect(() => {
    if (shownKey.current === dataKey) return;
    shownKey.current = dataKey;
    anchor.current.set(0);
    scrollTo(0);
    asker.forget();
  }, [asker, dataKey, scrollTo]);

  const focusTile = Math.min(Math.max(0, focusIndex), Math.max(0, total - 1));
  const focusRow = Math.floor(focusTile / layout.columns);

  // A key may take the focus to another row while the focused one leaves the page: by then
  // nothing in the grid has the focus, so the wish is kept here.
  const wantsFocus = useRef(false);

  // The focused frame is kept in sight when it changes, not while the person scrolls away.
  const followed = useRef(-1);
  useLayoutEffect(() => {
    if (size.height === 0 || followed.current === focusTile) return;
    const isFirst = followed.current === -1;
    followed.current = focusTile;
    if (!(isFirst && focusTile === 0)) scrollTo(scrollTopFor(layout, focusRow, virtualTop(), size.height));
  });
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null || !(wantsFocus.current || element.contains(document.activeElement))) return;
    wantsFocus.current = false;
    element.querySelector<HTMLElement>('[role="gridcell"][tabindex="0"]')?.focus({ preventScroll: true });
  }, [focusTile]);

  const onKeyDown = useCallback(
    (event: KeyboardEvent) => {
      const { total, onOpen, onSelect, onFocusIndex } = latest.current;
      const isCommand = event.ctrlKey || event.metaKey;
      if (event.altKey || total === 0) return;
      if (event.key === "Enter") onOpen(focusTile);
      else if (event.key === " ") {
        if (event.shiftKey) onSelect(anchor.current.extendTo(focusTile));
        else {
          anchor.current.set(focusTile);
          onSelect({ kind: "toggle", index: focusTile });
        }
      } else if (event.key === "Escape") onSelect({ kind: "none" });
      else if (isCommand && event.key.toLowerCase() === "a") onSelect({ kind: "all" });
      else {
        const rowsInSight = Math.floor(size.height / layout.rowHeight);
        const next = moveFocus(event.key, focusTile, layout, total, rowsInSight);
        if (next === undefined) return;
        wantsFocus.current = next !== focusTile;
        onFocusIndex(next);
        if (event.shiftKey) onSelect(anchor.current.extendTo(next));
        else if (!isCommand) anchor.current.set(next);
      }
      event.preventDefault();
    },
    [focusTile, layout, size.height],
  );

  const onClick = useCallback((event: MouseEvent) => {
    const at = indexOf(event.target);
    if (at === undefined) return;
    const { onFocusIndex, onSelect, onOpen, click = "select" } = latest.current;
    // A tile at the rim stays where it is: else the second click of two would hit another.
    followed.current = at.index;
    onFocusIndex(at.index);
    if (event.shiftKey) return onSelect(anchor.current.extendTo(at.index));
    anchor.current.set(at.index);
    if (at.isCheck || event.ctrlKey || event.metaKey) onSelect({ kind: "toggle", index: at.index });
    else if (click === "open") onOpen(at.index);
    else onSelect({ kind: "only", index: at.index });
  }, []);

  const onDoubleClick = useCallback((event: MouseEvent) => {
    const at = indexOf(event.target);
    const isPlain = !event.shiftKey && !event.ctrlKey && !event.metaKey;
    if (at !== undefined && !at.isCheck && isPlain && latest.current.click !== "open") latest.current.onOpen(at.index);
  }, []);

  const renderRow = (row: number) => {
    const tiles: ReactNode[] = [];
    for (let column = 0; column < layout.columns; column++) {
      const index = row * layout.columns + column;
      if (index >= total) break;
      const frame = frameAt(index);
      tiles.push(
        <Tile
          key={column}
          index={index}
          column={column}
          frame={frame}
          isSelected={frame !== undefined && selected.has(frame.key)}
          isFocusTile={index === focusTile}
          isFling={shown.isFling}
          isSelectable={isSelectable}
          minConfidence={minConfidence}
          colourOf={colourOf}
        />,
      );
    }
    // The focused row stays in the page when it is scrolled away, or the keys would be lost
    // with it; where its true place is beyond the scrolled element it waits at the rim.
    const top = Math.min(Math.max(0, rowTop(layout, row) - shown.shift), Math.max(0, scale.physicalHeight - layout.rowHeight));
    return (
      <div key={row} role="row" aria-rowindex={row + 1} className="absolute right-0 left-0 flex gap-[8px] px-[12px] [contain:layout_style]" style={{ top, height: layout.rowHeight - GAP }}>
        {tiles}
      </div>
    );
  };

  const rows: ReactNode[] = [];
  if (total > 0 && size.height > 0) {
    const { first, last } = shown.rows;
    if (focusRow < first && focusRow < layout.rows) rows.push(renderRow(focusRow));
    for (let row = first; row <= Math.min(last, layout.rows - 1); row++) rows.push(renderRow(row));
    if (focusRow > last) rows.push(renderRow(focusRow));
  }

  const sizes = {
    height: Math.max(scale.physicalHeight, 2 * PADDING),
    "--tile-width": `${layout.tileWidth}px`,
    "--image-height": `${layout.imageHeight}px`,
    "--tile-height": `${layout.imageHeight + CAPTION_HEIGHT}px`,
  } as CSSProperties;

  return (
    <div ref={ref} className="relative h-full min-h-0 overflow-x-hidden overflow-y-auto overscroll-contain [scrollbar-gutter:stable]">
      {total === 0 ? (
        empty
      ) : (
        <div
          role="grid"
          aria-label={label}
          aria-rowcount={layout.rows}
          aria-colcount={layout.columns}
          aria-multiselectable={isSelectable}
          data-narrow={layout.tileWidth < NARROW ? "" : undefined}
          onKeyDown={onKeyDown}
          onClick={onClick}
          onDoubleClick={onDoubleClick}
          className="group/grid relative select-none"
          style={sizes}
        >
          {rows}
        </div>
      )}
    </div>
  );
}

function indexOf(target: EventTarget): { index: number; isCheck: boolean } | undefined {
  if (!(target instanceof Element)) return undefined;
  const tile = target.closest<HTMLElement>("[data-index]");
  if (tile === null) return undefined;
  return { index: Number(tile.dataset.index), isCheck: target.closest("[data-check]") !== null };
}

/** The room inside the paddings and beside the scroll bar, followed as it changes. */
function useInnerSize(ref: { current: HTMLDivElement | null }): { width: number; height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const read = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    read();
    const observer = new ResizeObserver(read);
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return size;
}
