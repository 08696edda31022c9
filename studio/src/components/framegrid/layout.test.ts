import { describe, expect, test } from "vitest";
import { layOut, moveFocus, PADDING, rowsAt, rowTop, scrollTopFor } from "./layout";

describe("layout", () => {
  test("tiles fill the line and are whole pixels", () => {
    for (const width of [390, 800, 1281, 1920]) {
      for (const wished of [120, 180, 333, 480]) {
        const { columns, tileWidth, rowHeight } = layOut(width, wished, 1.6, 1000);
        const used = columns * tileWidth + (columns - 1) * 8 + 2 * PADDING;
        expect(used).toBeLessThanOrEqual(width);
        expect(width - used).toBeLessThan(columns);
        expect(Number.isInteger(rowHeight)).toBe(true);
        if (columns > 1) expect(tileWidth).toBeGreaterThanOrEqual(wished);
      }
    }
  });

  test("a line narrower than one tile still holds one", () => {
    expect(layOut(100, 480, 1.6, 7)).toMatchObject({ columns: 1, rows: 7, tileWidth: 76 });
  });

  test("no frame, no row", () => {
    const none = layOut(800, 180, 1.6, 0);
    expect(none.rows).toBe(0);
    expect(rowsAt(none, 0, 600, 2)).toEqual({ first: 0, last: -1 });
  });

  test("a million frames", () => {
    const all = layOut(1000, 180, 1.6, 1_000_000);
    expect(all.columns).toBe(5);
    expect(all.rows).toBe(200_000);
    const range = rowsAt(all, rowTop(all, 123_456), 600, 0);
    expect(range.first).toBe(123_456);
    expect(rowsAt(all, all.height - 600, 600, 0).last).toBe(199_999);
  });
});

describe("rows in sight", () => {
  const grid = layOut(1000, 180, 1.6, 1003);
  test("each row that shows a pixel is among them", () => {
    const range = rowsAt(grid, rowTop(grid, 4) + grid.rowHeight - 1, 3 * grid.rowHeight, 0);
    expect(range).toEqual({ first: 4, last: 7 });
  });
  test("the extra rows stay within the grid", () => {
    expect(rowsAt(grid, 0, 300, 3).first).toBe(0);
    expect(rowsAt(grid, grid.height - 300, 300, 3).last).toBe(grid.rows - 1);
  });
});

describe("scrolling to a row", () => {
  const grid = layOut(1000, 180, 1.6, 10_000);
  const inSight = (row: number, from: number) => {
    const top = scrollTopFor(grid, row, from, 600);
    return rowTop(grid, row) >= top && rowTop(grid, row) + grid.rowHeight - 8 <= top + 600;
  };
  test("stays when the row is in sight", () => expect(scrollTopFor(grid, 1, 0, 600)).toBe(0));
  test("moves as little as it must nearby", () => {
    const row = 5;
    const top = scrollTopFor(grid, row, 0, 600);
    expect(inSight(row, 0)).toBe(true);
    expect(top).toBeLessThan(grid.rowHeight * 3);
  });
  test("any row comes into sight from anywhere", () => {
    for (const row of [0, 1, 77, 999, grid.rows - 1]) for (const from of [0, 5000, grid.height - 600]) expect(inSight(row, from)).toBe(true);
  });
});

describe("keys", () => {
  // Five columns, 23 frames: the last row holds three.
  const grid = layOut(1000, 180, 1.6, 23);
  const check = (key: string, from: number, to: number | undefined) => expect(moveFocus(key, from, grid, 23, 2)).toBe(to);
  test("left and right walk through the rows", () => {
    check("ArrowRight", 4, 5);
    check("ArrowLeft", 5, 4);
    check("ArrowLeft", 0, 0);
    check("ArrowRight", 22, 22);
  });
  test("up and down stay in the column", () => {
    check("ArrowDown", 3, 8);
    check("ArrowUp", 8, 3);
    check("ArrowUp", 3, 3);
    check("ArrowDown", 21, 21);
  });
  test("down into a shorter row is its last frame", () => check("ArrowDown", 19, 22));
  test("pages stay in the column as well", () => {
    check("PageDown", 1, 11);
    check("PageUp", 11, 1);
    check("PageUp", 3, 3);
    check("PageDown", 14, 19);
    check("PageDown", 11, 21);
  });
  test("first, last, and what is no key of the grid", () => {
    check("Home", 11, 0);
    check("End", 0, 22);
    check("x", 3, undefined);
  });
});
