import { expect, it } from "vitest";
import { aspectOf } from "./aspect";

it("is that of most images, within bounds", () => {
  const wide = { width: 1920, height: 1080 };
  const old = { width: 768, height: 576 };
  expect(aspectOf([wide, old, old])).toBe(1.33);
  expect(aspectOf([{ width: 9000, height: 100 }])).toBe(2.2);
  expect(aspectOf([{ width: 0, height: 0 }])).toBe(0.8);
  expect(aspectOf([])).toBeUndefined();
});
