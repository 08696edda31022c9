import { describe, expect, test } from "vitest";
import { boundsOf, dotPath, fitView, fromPixels, linePath, panBy, projectionFor, rectAround, toDegrees, toMetres, toPixels, zoomAt } from "./project";

const munich = projectionFor([{ lat: 48.0, lon: 11.4 }, { lat: 48.2, lon: 11.8 }]);
const size = { width: 400, height: 300 };

describe("the plane", () => {
  test("is about the middle", () => {
    expect(munich.lat).toBeCloseTo(48.1, 9);
    expect(munich.lon).toBeCloseTo(11.6, 6);
    expect(toMetres(munich, { lat: 48.1, lon: munich.lon })).toEqual([0, 0]);
  });

  test("has metres: a degree of latitude is 111.19 km, one of longitude less", () => {
    const [, south] = toMetres(munich, { lat: 47.1, lon: 11.6 });
    expect(south).toBeCloseTo(111_194.9, 0);
    const [east] = toMetres(munich, { lat: 48.1, lon: munich.lon + 1 });
    expect(east).toBeCloseTo(111_194.9 * Math.cos((48.1 * Math.PI) / 180), 0);
  });

  test("there and back is the same place", () => {
    for (const point of [{ lat: 48.0, lon: 11.4 }, { lat: 48.17, lon: 11.75 }]) {
      const back = toDegrees(munich, ...toMetres(munich, point));
      expect(back.lat).toBeCloseTo(point.lat, 9);
      expect(back.lon).toBeCloseTo(point.lon, 9);
    }
  });

  test("is whole over the antimeridian", () => {
    const fiji = projectionFor([{ lat: -17, lon: 179.9 }, { lat: -17, lon: -179.9 }]);
    expect(Math.abs(fiji.lon)).toBeCloseTo(180, 6);
    const [west] = toMetres(fiji, { lat: -17, lon: 179.9 });
    const [east] = toMetres(fiji, { lat: -17, lon: -179.9 });
    expect(east - west).toBeCloseTo(0.2 * 111_194.9 * Math.cos((17 * Math.PI) / 180), 0);
    const bounds = boundsOf(fiji, { x: 0, y: 0, scale: 0.01 }, size, [150, 100], [250, 200]);
    expect(bounds.west).toBeGreaterThan(bounds.east);
  });
});

describe("the window", () => {
  const view = fitView([-1000, 3000], [-500, 500], size, 20);

  test("fits all points within its margin", () => {
    const [left] = toPixels(view, size, -1000, 0);
    const [right] = toPixels(view, size, 3000, 0);
    expect([left, right]).toEqual([20, 380]);
  });

  test("of one point shows a hundred metres", () => expect(fitView([5], [5], size, 0)).toEqual({ x: 5, y: 5, scale: 3 }));

  test("zooms about the pixel", () => {
    const before = fromPixels(view, size, 90, 210);
    const after = fromPixels(zoomAt(view, size, 90, 210, 1.7), size, 90, 210);
    expect(after[0]).toBeCloseTo(before[0], 6);
    expect(after[1]).toBeCloseTo(before[1], 6);
  });

  test("zooms no further than there is something to see", () => {
    expect(zoomAt(view, size, 0, 0, 1e9).scale).toBe(100);
    expect(zoomAt(view, size, 0, 0, 1e-9).scale).toBe(1e-5);
  });

  test("pans with the pointer", () => {
    const [x, y] = toPixels(panBy(view, 30, -10), size, 0, 0);
    const [fromX, fromY] = toPixels(view, size, 0, 0);
    expect([Math.round(x - fromX), Math.round(y - fromY)]).toEqual([30, -10]);
  });

  test("a box is the same from any corner", () => {
    const one = boundsOf(munich, view, size, [100, 100], [200, 180]);
    expect(boundsOf(munich, view, size, [200, 100], [100, 180])).toEqual(one);
    expect(one.north).toBeGreaterThan(one.south);
    expect(one.east).toBeGreaterThan(one.west);
  });
});

describe("lines", () => {
  const xs = [0, 1, 2, 3, 100, 101];
  const ys = [0, 0, 0, 0, 0, 0];
  const all = { left: -Infinity, right: Infinity, top: -Infinity, bottom: Infinity };
  test("leave out what falls on the same pixel, but not their ends", () => {
    expect(linePath(xs, ys, [0], 2, all)).toBe("M0 0L200 0L10000 0L10100 0");
  });
  test("begin anew", () => expect(linePath(xs, ys, [0, 4], 0, all)).toBe("M0 0L100 0L200 0L300 0M10000 0L10100 0"));
  test("of nothing are nothing", () => expect(linePath([], [], [], 1, all)).toBe(""));
  test("beyond the rectangle are not drawn, those across it are", () => {
    const rect = { left: 2, right: 50, top: -1, bottom: 1 };
    expect(linePath(xs, ys, [0], 0, rect)).toBe("M100 0L200 0L300 0L10000 0");
    expect(linePath([0, 0, 200, 200], [5, 9, 9, -9], [0], 0, rect)).toBe("");
    expect(linePath([0, 10, 10], [5, 5, -5], [0], 0, rect)).toBe("M1000 500L1000 -500");
  });
  test("dots that touch are a line, and none is drawn out of sight", () => {
    expect(dotPath(xs, ys, [0, 1, 2, 4], 2, all)).toBe("M0 0h0L200 0M10000 0h0");
    expect(dotPath(xs, ys, [1, 2, 3, 4], 0.9, all)).toBe("M100 0h0L200 0L300 0M10000 0h0");
    expect(dotPath(xs, ys, [0, 4], 2, { ...all, right: 50 })).toBe("M0 0h0");
  });
  test("the rectangle holds all that is seen, at any zoom and place", () => {
    for (const scale of [0.003, 0.7, 1, 1.4, 90]) {
      for (const x of [-12_345, 0, 7, 1e5]) {
        const view = { x, y: -x / 3, scale };
        const rect = rectAround(view, size, Math.round(Math.log2(1 / scale)));
        const [left, top] = fromPixels(view, size, 0, 0);
        const [right, bottom] = fromPixels(view, size, size.width, size.height);
        expect(rect.left <= left && rect.right >= right && rect.top <= top && rect.bottom >= bottom).toBe(true);
      }
    }
  });
});
