import { expect, test } from "vitest";
import { labelPlace, outlinesByLabel } from "./outlines";

test("one path per class, in pixels of the image", () => {
  const boxes = [
    { label: "car", bbox: { left: 0.1, top: 0.2, right: 0.5, bottom: 0.6 } },
    { label: "bus", bbox: { left: 0, top: 0, right: 1, bottom: 1 } },
    { label: "car", bbox: { left: 0.5, top: 0.5, right: 0.75, bottom: 1 } },
  ];
  expect(outlinesByLabel(boxes, 200, 100)).toEqual([
    { label: "car", path: "M20 20H100V60H20ZM100 50H150V100H100Z" },
    { label: "bus", path: "M0 0H200V100H0Z" },
  ]);
});

test("names stay on the image", () => {
  expect(labelPlace({ left: 0.1, top: 0.5, right: 0.3, bottom: 0.6 })).toEqual({
    top: "max(0px, calc(50% - 16px))",
    left: "10%",
    maxWidth: "90%",
  });
  expect(labelPlace({ left: 0.9, top: 0, right: 0.98, bottom: 0.1 })).toEqual({
    top: "max(0px, calc(0% - 16px))",
    right: "2%",
    maxWidth: "98%",
  });
});
