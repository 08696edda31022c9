// Where the tiles of the grid stand. All in CSS pixels, all whole numbers, so that no tile is
// blurred by standing between two pixels.

export const GAP = 8;
export const PADDING = 12;
export const CAPTION_HEIGHT = 24;

export interface GridLayout {
  columns: number;
  rows: number;
  tileWidth: number;
  imageHeight: number;
  /** From the top of one row to the top of the next. */
  rowHeight: number;
  /** Of the whole grid, paddings included; may be more than a browser can lay out. */
  height: number;
}

/**
 * As many columns as tiles of the wished width fit, then tiles a little wider so that they
 * fill the line. `aspect` is width by height of the image.
 */
export function layOut(width: number, wishedTileWidth: number, aspect: number, total: number): GridLayout {
  const inner = Math.max(1, width - 2 * PADDING);
  const columns = Math.max(1, Math.floor((inner + GAP) / (wishedTileWidth + GAP)));
  const tileWidth = Math.max(1, Math.floor((inner - (columns - 1) * GAP) / columns));
  const imageHeight = Math.max(1, Math.round(tileWidth / aspect));
  const rowHeight = imageHeight + CAPTION_HEIGHT + GAP;
  const rows = Math.ceil(total / columns);
  return { columns, rows, tileWidth, imageHeight, rowHeight, height: rows * rowHeight - (rows > 0 ? GAP : 0) + 2 * PADDING };
}

export interface RowRange {
  first: number;
  /** Inclusive; less than `first` where there is no row. */
  last: number;
}

/** The rows that show at least one pixel, and `extra` rows on each side. */
export function rowsAt(layout: GridLayout, scrollTop: number, viewport: number, extra: number): RowRange {
  if (layout.rows === 0) return { first: 0, last: -1 };
  const first = Math.floor((scrollTop - PADDING) / layout.rowHeight) - extra;
  const last = Math.ceil((scrollTop + viewport - PADDING) / layout.rowHeight) - 1 + extra;
  const inGrid = (row: number) => Math.min(layout.rows - 1, Math.max(0, row));
  return { first: inGrid(first), last: inGrid(last) };
}

export function rowTop(layout: GridLayout, row: number): number {
  return PADDING + row * layout.rowHeight;
}

/** How far to scroll so that the row is in sight; the place itself where it is already. */
export function scrollTopFor(layout: GridLayout, row: number, scrollTop: number, viewport: number): number {
  const top = rowTop(layout, row) - PADDING;
  const bottom = rowTop(layout, row) + layout.rowHeight - GAP + PADDING;
  if (top >= scrollTop && bottom <= scrollTop + viewport) return scrollTop;
  const isFar = bottom < scrollTop - viewport || top > scrollTop + 2 * viewport;
  // A jump from afar lands in the middle, so that what is around it can be seen.
  const wished = isFar ? (top + bottom - viewport) / 2 : top < scrollTop ? top : bottom - viewport;
  return Math.max(0, Math.min(layout.height - viewport, Math.round(wished)));
}

/** Where the focus goes by a key; undefined for keys that are none of the grid's. */
export function moveFocus(key: string, index: number, layout: GridLayout, total: number, rowsInSight: number): number | undefined {
  if (total === 0) return undefined;
  const { columns } = layout;
  const page = Math.max(1, rowsInSight) * columns;
  const within = (wished: number) => Math.min(total - 1, Math.max(0, wished));
  // Up and down stay in the column, page moves too: else a person loses the place.
  const inColumn = (wished: number) => {
    const column = index % columns;
    const lastRow = Math.floor((total - 1 - column) / columns);
    const row = Math.min(lastRow, Math.max(0, Math.floor(wished / columns)));
    return row * columns + column;
  };
  switch (key) {
    case "ArrowLeft":
      return within(index - 1);
    case "ArrowRight":
      return within(index + 1);
    case "ArrowUp":
      return index < columns ? index : index - columns;
    case "ArrowDown":
      // From the last full row into a shorter one: onto its last tile.
      return index + columns < total ? index + columns : Math.floor(index / columns) < layout.rows - 1 ? total - 1 : index;
    case "PageUp":
      return inColumn(index - page);
    case "PageDown":
      return inColumn(index + page);
    case "Home":
      return 0;
    case "End":
      return total - 1;
    default:
      return undefined;
  }
}
