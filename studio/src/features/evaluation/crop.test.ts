import { expect, it } from "vitest";
import { cropOf } from "./crop";

it("puts the box in the middle", () => {
  const { image, box } = cropOf([0.4, 0.4, 0.6, 0.6], 1000, 500);
  // 200 × 100 pixels in a square of 340.
  expect(parseFloat(image.width)).toBeCloseTo((1000 / 340) * 100, 1);
  expect(parseFloat(box.left) + parseFloat(box.width) / 2).toBeCloseTo(50, 1);
  expect(parseFloat(box.top) + parseFloat(box.height) / 2).toBeCloseTo(50, 1);
  expect(cropOf([0, 0, 0, 0], 10, 10).image.width).toBe("125.00%");
});
