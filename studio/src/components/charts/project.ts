// The earth as a plane, in metres from a middle: equirectangular, true in every direction at
// the middle and wrong by less than one part in a thousand over a day's drive. Its y points
// south, as pixels do.

export interface GeoPoint {
  lat: number;
  lon: number;
}

export interface GeoBounds {
  south: number;
  west: number;
  north: number;
  /** Less than `west` where the bounds cross the antimeridian. */
  east: number;
}

/** The earth's mean radius, as the filter language has it. */
const RADIUS = 6_371_008.8;
const RADIAN = Math.PI / 180;

export interface Projection {
  lat: number;
  lon: number;
}

/** About the middle of all points; longitudes are averaged round the globe. */
export function projectionFor(points: readonly GeoPoint[]): Projection {
  let [south, north, x, y] = [90, -90, 0, 0];
  for (const { lat, lon } of points) {
    south = Math.min(south, lat);
    north = Math.max(north, lat);
    x += Math.cos(lon * RADIAN);
    y += Math.sin(lon * RADIAN);
  }
  return points.length === 0 ? { lat: 0, lon: 0 } : { lat: (south + north) / 2, lon: Math.atan2(y, x) / RADIAN };
}

/** A longitude within half a turn of nought. */
function turned(lon: number): number {
  return lon - 360 * Math.round(lon / 360);
}

export function toMetres({ lat, lon }: Projection, point: GeoPoint): [x: number, y: number] {
  return [turned(point.lon - lon) * RADIAN * RADIUS * Math.cos(lat * RADIAN), (lat - point.lat) * RADIAN * RADIUS];
}

export function toDegrees({ lat, lon }: Projection, x: number, y: number): GeoPoint {
  return {
    lat: Math.min(90, Math.max(-90, lat - y / (RADIAN * RADIUS))),
    lon: turned(lon + x / (RADIAN * RADIUS * Math.max(1e-9, Math.cos(lat * RADIAN)))),
  };
}

/** The window on the plane: which metre is in its middle, and how many pixels one is. */
export interface View {
  x: number;
  y: number;
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

/** Nearer than a centimetre a pixel there is nothing more to see; GPS knows metres. */
const MAX_SCALE = 100;
const MIN_SCALE = 1e-5;

export function fitView(xs: ArrayLike<number>, ys: ArrayLike<number>, size: Size, margin: number): View {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let at = 0; at < xs.length; at++) {
    const [x, y] = [xs[at] ?? 0, ys[at] ?? 0];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  if (xs.length === 0) return { x: 0, y: 0, scale: 0.1 };
  const room = (pixels: number) => Math.max(1, pixels - 2 * margin);
  // A car that stood still all the time is shown with a hundred metres around it.
  const scale = Math.min(room(size.width) / Math.max(right - left, 100), room(size.height) / Math.max(bottom - top, 100));
  return { x: (left + right) / 2, y: (top + bottom) / 2, scale };
}

export function toPixels(view: View, size: Size, x: number, y: number): [x: number, y: number] {
  return [(x - view.x) * view.scale + size.width / 2, (y - view.y) * view.scale + size.height / 2];
}

export function fromPixels(view: View, size: Size, px: number, py: number): [x: number, y: number] {
  return [(px - size.width / 2) / view.scale + view.x, (py - size.height / 2) / view.scale + view.y];
}

/** What is under the pixel stays under it. */
export function zoomAt(view: View, size: Size, px: number, py: number, factor: number): View {
  const scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, view.scale * factor));
  const [x, y] = fromPixels(view, size, px, py);
  return { scale, x: x - (px - size.width / 2) / scale, y: y - (py - size.height / 2) / scale };
}

export function panBy(view: View, dx: number, dy: number): View {
  return { ...view, x: view.x - dx / view.scale, y: view.y - dy / view.scale };
}

export function boundsOf(projection: Projection, view: View, size: Size, a: [number, number], b: [number, number]): GeoBounds {
  const corner = (pick: (one: number, other: number) => number) =>
    toDegrees(projection, ...fromPixels(view, size, pick(a[0], b[0]), pick(a[1], b[1])));
  const [northWest, southEast] = [corner(Math.min), corner(Math.max)];
  return { south: southEast.lat, west: northWest.lon, north: northWest.lat, east: southEast.lon };
}

/** A rectangle of the plane, in metres. */
export interface Rect {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/**
 * A rectangle that holds what the view shows and as much again on each side. It is the same
 * for many views beside each other, so that what is drawn in it need not be drawn anew at
 * each step of a pan. `level` is the zoom as a power of two of metres per pixel.
 */
export function rectAround(view: View, size: Size, level: number): Rect {
  const [width, height] = [size.width * 2 ** (level + 1), size.height * 2 ** (level + 1)];
  const [column, row] = [Math.floor(view.x / width), Math.floor(view.y / height)];
  return { left: (column - 1) * width, right: (column + 2) * width, top: (row - 1) * height, bottom: (row + 2) * height };
}

/** Both ends lie beyond the same side: then so does all between them. */
function isOutside({ left, top, right, bottom }: Rect, ax: number, ay: number, bx: number, by: number): boolean {
  return (ax < left && bx < left) || (ax > right && bx > right) || (ay < top && by < top) || (ay > bottom && by > bottom);
}

/** Paths are in whole centimetres of the plane: whole numbers are written and read quickest. */
export const PATH_UNIT = 100;

function spot(x: number, y: number): string {
  return `${Math.round(x * PATH_UNIT)} ${Math.round(y * PATH_UNIT)}`;
}

/**
 * Lines through the points, as one path. Points nearer than
 * `least` metres to the one drawn before are left out: they would fall on the same pixel.
 */
export function linePath(xs: ArrayLike<number>, ys: ArrayLike<number>, starts: readonly number[], least: number, rect: Rect): string {
  const parts: string[] = [];
  starts.forEach((start, line) => {
    const end = starts[line + 1] ?? xs.length;
    let [px, py] = [xs[start] ?? 0, ys[start] ?? 0];
    let isPenDown = false;
    for (let at = start + 1; at < end; at++) {
      const [x, y] = [xs[at] ?? 0, ys[at] ?? 0];
      if (at < end - 1 && (x - px) ** 2 + (y - py) ** 2 < least * least) continue;
      const isDrawn = !isOutside(rect, px, py, x, y);
      if (isDrawn && !isPenDown) parts.push(`M${spot(px, py)}`);
      if (isDrawn) parts.push(`L${spot(x, y)}`);
      isPenDown = isDrawn;
      [px, py] = [x, y];
    }
  });
  return parts.join("");
}

/**
 * Some of the points, for a wide line with round ends: dots where they stand apart, lines
 * where neighbours would touch. Thousands of dots upon each other are slow to draw.
 */
export function dotPath(xs: ArrayLike<number>, ys: ArrayLike<number>, which: readonly number[], least: number, rect: Rect): string {
  const parts: string[] = [];
  let [px, py, before] = [NaN, NaN, NaN];
  for (const at of which) {
    const [x, y] = [xs[at] ?? 0, ys[at] ?? 0];
    const square = (x - px) ** 2 + (y - py) ** 2;
    const isNeighbour = at === before + 1;
    before = at;
    if (square < least * least || isOutside(rect, x, y, x, y)) continue;
    const touches = isNeighbour && square < (3 * least) ** 2;
    parts.push(touches ? `L${spot(x, y)}` : `M${spot(x, y)}h0`);
    [px, py] = [x, y];
  }
  return parts.join("");
}
