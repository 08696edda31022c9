import { describe, expect, test } from "vitest";
import {
  HANDLES,
  between,
  boxesAt,
  cutToImage,
  growBy,
  handleAt,
  handlePoint,
  iou,
  isInside,
  moveInside,
  resize,
  sides,
  toPixels,
} from "./geometry";
import { anyImage, anyRect, box, seeded } from "./seeded";

const image = { width: 1000, height: 600 };
const plain = { keepAspect: false, fromCentre: false };
const rect = { left: 100, top: 100, width: 80, height: 40 };

describe("resize", () => {
  test.each([
    ["nw", { left: 90, top: 95, width: 90, height: 45 }],
    ["n", { left: 100, top: 95, width: 80, height: 45 }],
    ["ne", { left: 100, top: 95, width: 70, height: 45 }],
    ["e", { left: 100, top: 100, width: 70, height: 40 }],
    ["se", { left: 100, top: 100, width: 70, height: 35 }],
    ["s", { left: 100, top: 100, width: 80, height: 35 }],
    ["sw", { left: 90, top: 100, width: 90, height: 35 }],
    ["w", { left: 90, top: 100, width: 90, height: 40 }],
  ] as const)("%s by (-10, -5)", (handle, expected) => {
    expect(resize(rect, handle, { x: -10, y: -5 }, plain, image)).toEqual(expected);
  });

  test("past the opposite side it turns over", () => {
    expect(resize(rect, "e", { x: -100, y: 0 }, plain, image)).toEqual({ left: 80, top: 100, width: 20, height: 40 });
  });

  test("about its centre", () => {
    expect(resize(rect, "e", { x: 10, y: 0 }, { keepAspect: false, fromCentre: true }, image)).toEqual({
      left: 90,
      top: 100,
      width: 100,
      height: 40,
    });
  });

  test("in proportion, at a corner and at an edge", () => {
    const how = { keepAspect: true, fromCentre: false };
    expect(resize(rect, "se", { x: 80, y: 0 }, how, image)).toEqual({ left: 100, top: 100, width: 160, height: 80 });
    expect(resize(rect, "e", { x: 80, y: 0 }, how, image)).toEqual({ left: 100, top: 80, width: 160, height: 80 });
  });

  test("in proportion it stops where the first side meets the image's edge", () => {
    const grown = resize(rect, "nw", { x: -900, y: -900 }, { keepAspect: true, fromCentre: false }, image);
    expect(grown).toEqual({ left: 0, top: 50, width: 180, height: 90 });
  });

  test("stays inside, at least a pixel thick, and keeps the sides it does not hold", () => {
    const chance = seeded(1);
    for (let round = 0; round < 5000; round += 1) {
      const size = anyImage(chance);
      const from = cutToImage(anyRect(chance, size), size);
      const handle = chance.of(HANDLES);
      const by = { x: chance.between(-5000, 5000), y: chance.between(-5000, 5000) };
      const how = { keepAspect: chance.next() < 0.5, fromCentre: chance.next() < 0.5 };
      const to = resize(from, handle, by, how, size);
      expect(isNearlyInside(to, size)).toBe(true);
      expect(to.width).toBeGreaterThanOrEqual(Math.min(1, size.width) - 1e-6);
      expect(to.height).toBeGreaterThanOrEqual(Math.min(1, size.height) - 1e-6);
      if (!how.keepAspect && sides(handle).x === 0) expect(to.width).toBeCloseTo(from.width, 6);
      if (!how.keepAspect && sides(handle).y === 0) expect(to.height).toBeCloseTo(from.height, 6);
    }
  });

  test("there and back again is where it was", () => {
    const chance = seeded(2);
    for (let round = 0; round < 1000; round += 1) {
      const from = { left: chance.between(200, 400), top: chance.between(200, 300), width: chance.between(50, 100), height: chance.between(50, 100) };
      const handle = chance.of(HANDLES);
      const by = { x: chance.between(-20, 20), y: chance.between(-20, 20) };
      const back = resize(resize(from, handle, by, plain, image), handle, { x: -by.x, y: -by.y }, plain, image);
      for (const side of ["left", "top", "width", "height"] as const) expect(back[side]).toBeCloseTo(from[side], 6);
    }
  });
});

function isNearlyInside(at: typeof rect, size: typeof image): boolean {
  const slack = 1e-6;
  return isInside(at, { width: size.width + slack, height: size.height + slack }) && at.left >= 0 && at.top >= 0;
}

test("whatever is moved or cut ends up inside; moving keeps the size that fits", () => {
  const chance = seeded(3);
  for (let round = 0; round < 5000; round += 1) {
    const size = anyImage(chance);
    const from = anyRect(chance, size);
    const moved = moveInside(from, size);
    expect(isNearlyInside(moved, size)).toBe(true);
    expect(moved.width).toBe(Math.min(from.width, size.width));
    const cut = cutToImage(from, size);
    expect(isNearlyInside(cut, size)).toBe(true);
    expect(cut.width).toBeGreaterThanOrEqual(1 - 1e-6);
    const grown = growBy(moved, { x: chance.between(-500, 500), y: chance.between(-500, 500) }, size);
    expect(isNearlyInside(grown, size)).toBe(true);
    expect(grown.width).toBeGreaterThanOrEqual(1);
  }
});

test("what is saved is whole pixels inside the image, at least one wide and high", () => {
  const chance = seeded(4);
  for (let round = 0; round < 10_000; round += 1) {
    const size = anyImage(chance);
    const saved = toPixels(anyRect(chance, size), size);
    for (const side of ["left", "top", "width", "height"] as const) expect(Number.isInteger(saved[side])).toBe(true);
    expect(saved.width).toBeGreaterThanOrEqual(1);
    expect(saved.height).toBeGreaterThanOrEqual(1);
    expect(isInside(saved, size)).toBe(true);
    expect(toPixels(saved, size)).toEqual(saved);
  }
});

test("boxes that touch still touch once saved", () => {
  const left = toPixels({ left: 10, top: 0, width: 10.5, height: 5 }, image);
  const right = toPixels({ left: 20.5, top: 0, width: 10, height: 5 }, image);
  expect(left.left + left.width).toBe(right.left);
});

test("a rectangle between two points, in any order, cut to the image", () => {
  expect(between({ x: 50, y: 700 }, { x: -20, y: 500 }, image)).toEqual({ left: 0, top: 500, width: 50, height: 100 });
});

test("shared area", () => {
  expect(iou(rect, rect)).toBe(1);
  expect(iou(rect, { ...rect, left: 180 })).toBe(0);
  expect(iou(rect, { ...rect, left: 140 })).toBeCloseTo(1 / 3);
});

test("the smallest box under a point comes first", () => {
  const boxes = [box("large", 0, 0, 500, 500), box("small", 100, 100, 50, 50), box("far", 600, 0, 10, 10)];
  expect(boxesAt(boxes, { x: 120, y: 120 }, 0).map(({ id }) => id)).toEqual(["small", "large"]);
});

test("each handle is found where it is, edges along their whole length", () => {
  for (const handle of HANDLES) expect(handleAt(rect, handlePoint(rect, handle), 6)).toBe(handle);
  expect(handleAt(rect, { x: 160, y: 99 }, 6)).toBe("n");
  expect(handleAt(rect, { x: 140, y: 120 }, 6)).toBeNull();
  expect(handleAt(rect, { x: 200, y: 120 }, 6)).toBeNull();
});

test("the middle of a small box moves it", () => {
  expect(handleAt({ left: 0, top: 0, width: 8, height: 8 }, { x: 4, y: 4 }, 6)).toBeNull();
});
