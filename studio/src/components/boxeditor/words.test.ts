import { expect, test } from "vitest";
import { toPixels } from "./geometry";
import { anyImage, box, seeded } from "./seeded";
import { count, nameOf, originOf, placeOf, sizeOf } from "./words";

test("what is said is what will be saved", () => {
  const chance = seeded(14);
  for (let round = 0; round < 2000; round += 1) {
    const image = anyImage(chance);
    const width = chance.between(Math.min(1, image.width), image.width);
    const height = chance.between(Math.min(1, image.height), image.height);
    const rect = { left: chance.between(0, image.width - width), top: chance.between(0, image.height - height), width, height };
    const saved = toPixels(rect, image);
    if (saved.left !== Math.round(rect.left) || saved.top !== Math.round(rect.top)) continue;
    expect(sizeOf(rect)).toBe(`${saved.width} × ${saved.height}`);
    expect(placeOf(rect)).toBe(`${saved.left}, ${saved.top}`);
  }
});

test("names, numbers and origins", () => {
  expect(nameOf(box("a", 0, 0, 1, 1, { label: "" }))).toBe("box without a class");
  expect(count(1, "box", "boxes")).toBe("1 box");
  expect(count(0, "box", "boxes")).toBe("0 boxes");
  expect(originOf(box("a", 0, 0, 1, 1, { origin: "model", confidence: 0.5 }))).toBe("model 0.50");
  expect(originOf(box("a", 0, 0, 1, 1))).toBe("person");
});
