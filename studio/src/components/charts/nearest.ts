/**
 * Finds the point nearest to a place among many: the plane is cut into square cells, about as
 * many as there are points, and only cells around the place are looked into.
 */
export class PointIndex {
  private readonly left: number;
  private readonly top: number;
  private readonly cell: number;
  private readonly columns: number;
  private readonly rows: number;
  /** Where the points of each cell begin in `order`; one more entry than cells. */
  private readonly begins: Int32Array;
  private readonly order: Int32Array;

  constructor(
    private readonly xs: Float64Array,
    private readonly ys: Float64Array,
  ) {
    const count = xs.length;
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let at = 0; at < count; at++) {
      left = Math.min(left, xs[at] ?? 0);
      right = Math.max(right, xs[at] ?? 0);
      top = Math.min(top, ys[at] ?? 0);
      bottom = Math.max(bottom, ys[at] ?? 0);
    }
    const [width, height] = count === 0 ? [0, 0] : [right - left, bottom - top];
    this.left = count === 0 ? 0 : left;
    this.top = count === 0 ? 0 : top;
    // A straight line has no area: its cells are measured along it.
    const side = Math.sqrt((width * height) / Math.max(1, count));
    this.cell = Math.max(side, Math.max(width, height) / Math.max(1, count), 1e-9);
    this.columns = Math.floor(width / this.cell) + 1;
    this.rows = Math.floor(height / this.cell) + 1;

    // Counting sort by cell.
    this.begins = new Int32Array(this.columns * this.rows + 1);
    const cells = new Int32Array(count);
    for (let at = 0; at < count; at++) {
      const cell = this.row(ys[at] ?? 0) * this.columns + this.column(xs[at] ?? 0);
      cells[at] = cell;
      this.begins[cell + 1] = (this.begins[cell + 1] ?? 0) + 1;
    }
    for (let cell = 0; cell < this.columns * this.rows; cell++) this.begins[cell + 1] = (this.begins[cell + 1] ?? 0) + (this.begins[cell] ?? 0);
    const next = this.begins.slice();
    this.order = new Int32Array(count);
    for (let at = 0; at < count; at++) {
      const cell = cells[at] ?? 0;
      this.order[next[cell] ?? 0] = at;
      next[cell] = (next[cell] ?? 0) + 1;
    }
  }

  /** The number of the nearest point at most `within` away; of equals the first. */
  nearest(x: number, y: number, within: number): number | undefined {
    if (this.xs.length === 0) return undefined;
    let best: number | undefined;
    let bestSquare = within * within;
    const [column, row] = [this.column(x), this.row(y)];
    const farthest = Math.max(this.columns, this.rows);
    for (let ring = 0; ring <= farthest; ring++) {
      // Whatever lies in this ring is at least so far from the place.
      const least = this.ringDistance(x, y, column, row, ring);
      if (least * least > bestSquare) break;
      this.eachOfRing(column, row, ring, (at) => {
        const square = ((this.xs[at] ?? 0) - x) ** 2 + ((this.ys[at] ?? 0) - y) ** 2;
        if (square < bestSquare || (square === bestSquare && (best === undefined || at < best))) {
          best = at;
          bestSquare = square;
        }
      });
    }
    return best;
  }

  private column(x: number): number {
    return Math.min(this.columns - 1, Math.max(0, Math.floor((x - this.left) / this.cell)));
  }

  private row(y: number): number {
    return Math.min(this.rows - 1, Math.max(0, Math.floor((y - this.top) / this.cell)));
  }

  private ringDistance(x: number, y: number, column: number, row: number, ring: number): number {
    if (ring === 0) return 0;
    const innerLeft = this.left + (column - ring + 1) * this.cell;
    const innerTop = this.top + (row - ring + 1) * this.cell;
    const innerSide = (2 * ring - 1) * this.cell;
    // From a place outside of all cells the inner square says nothing.
    return Math.max(0, Math.min(x - innerLeft, innerLeft + innerSide - x, y - innerTop, innerTop + innerSide - y));
  }

  private eachOfRing(column: number, row: number, ring: number, act: (at: number) => void): void {
    for (let r = Math.max(0, row - ring); r <= Math.min(this.rows - 1, row + ring); r++) {
      const isWholeRow = Math.abs(r - row) === ring;
      const step = isWholeRow || ring === 0 ? 1 : 2 * ring;
      for (let c = column - ring; c <= column + ring; c += step) {
        if (c < 0 || c >= this.columns) continue;
        const cell = r * this.columns + c;
        for (let place = this.begins[cell] ?? 0; place < (this.begins[cell + 1] ?? 0); place++) act(this.order[place] ?? 0);
      }
    }
  }
}
