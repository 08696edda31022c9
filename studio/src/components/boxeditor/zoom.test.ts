import { expect, test } from "vitest";
import { anyImage, seeded } from "./seeded";
import { bringIntoSight, fit, inSight, pan, toImage, toScreen, wheelWish, zoomAt, zoomTo } from "./zoom";

const image = { width: 1280, height: 720 };
const room = { width: 900, height: 700 };

test("fits with a margin, in the middle", () => {
  const view = fit(image, room);
  expect(view.scale).toBeCloseTo((900 - 32) / 1280);
  expect(view.x).toBeCloseTo(16);
  expect(toScreen(view, { x: 640, y: 360 })).toEqual({ x: 450, y: 350 });
});

test("the point under the pointer stays under it", () => {
  const chance = seeded(5);
  for (let round = 0; round < 2000; round += 1) {
    const size = anyImage(chance);
    let view = fit(size, room);
    for (let turn = 0; turn < 5; turn += 1) {
      const at = { x: chance.between(0, room.width), y: chance.between(0, room.height) };
      const before = toImage(view, at);
      view = zoomAt(view, at, chance.between(0.3, 3), size, room);
      const after = toImage(view, at);
      expect(after.x).toBeCloseTo(before.x, 4);
      expect(after.y).toBeCloseTo(before.y, 4);
    }
  }
});

test("zooming ends at both ends", () => {
  const close = zoomAt(fit(image, room), { x: 0, y: 0 }, 1e9, image, room);
  expect(close.scale).toBe(64);
  expect(zoomAt(close, { x: 0, y: 0 }, 1e-9, image, room).scale).toBeCloseTo(fit(image, room).scale / 2);
});

test("the image cannot be pushed out of sight", () => {
  const chance = seeded(6);
  for (let round = 0; round < 1000; round += 1) {
    const by = { x: chance.between(-1e4, 1e4), y: chance.between(-1e4, 1e4) };
    const seen = inSight(pan(fit(image, room), by, image, room), image, room);
    expect(seen.width).toBeGreaterThan(0);
    expect(seen.height).toBeGreaterThan(0);
  }
});

test("a box is brought to the middle, or just into sight", () => {
  const rect = { left: 1000, top: 600, width: 40, height: 20 };
  const view = zoomTo(rect, image, room);
  const middle = toScreen(view, { x: 1020, y: 610 });
  expect(middle.x).toBeCloseTo(450);
  expect(middle.y).toBeCloseTo(350);
  expect(bringIntoSight(view, rect, room)).toBe(view);
  const away = { scale: 4, x: 0, y: 0 };
  const seen = inSight(bringIntoSight(away, rect, room), image, room);
  expect(seen.left).toBeLessThanOrEqual(1000);
  expect(seen.left + seen.width).toBeGreaterThanOrEqual(1040);
});

const still = { deltaX: 0, deltaY: 0, deltaMode: 0, ctrlKey: false, shiftKey: false };

test("a wheel zooms, two fingers push, a pinch zooms", () => {
  expect(wheelWish({ ...still, deltaY: -120 })).toEqual({ zoom: Math.exp(0.24) });
  expect(wheelWish({ ...still, deltaY: 3, deltaMode: 1 })).toHaveProperty("zoom");
  expect(wheelWish({ ...still, deltaY: 12 })).toEqual({ pan: { x: -0, y: -12 } });
  expect(wheelWish({ ...still, deltaX: 7, deltaY: 120 })).toEqual({ pan: { x: -7, y: -120 } });
  expect(wheelWish({ ...still, deltaY: 120, shiftKey: true })).toEqual({ pan: { x: -120, y: 0 } });
  expect(wheelWish({ ...still, deltaY: -2.5, ctrlKey: true })).toEqual({ zoom: Math.exp(0.025) });
});
