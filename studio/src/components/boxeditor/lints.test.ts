import { expect, test } from "vitest";
import { iou } from "./geometry";
import { lint, SAME_IOU } from "./lints";
import { anyBox, box, seeded } from "./seeded";

const image = { width: 640, height: 480 };

test("names what reaches outside, what is tiny and what is there twice", () => {
  const boxes = [
    box("fine", 10, 10, 50, 50),
    box("out", 620, 10, 50, 50),
    box("thin", 100, 100, 3, 50),
    box("twice", 11, 10, 50, 50),
    box("other", 10, 10, 50, 50, { label: "bus" }),
  ];
  expect(lint(boxes, image).map(({ kind, id, text }) => [kind, id, text])).toEqual([
    ["outside", "out", "car reaches outside the image"],
    ["tiny", "thin", "car is only 3 px thin"],
    ["duplicate", "twice", "car is there twice, at 10, 10"],
  ]);
});

test("finds the same pairs as looking at all of them", () => {
  const chance = seeded(11);
  for (let round = 0; round < 200; round += 1) {
    const boxes = Array.from({ length: 20 }, (_, at) => anyBox(chance, image, `b${at}`));
    for (const twin of boxes.slice(0, 5)) boxes.push({ ...twin, id: `${twin.id}-twin`, left: twin.left + 1 });
    let pairs = 0;
    boxes.forEach((a, at) => {
      for (const b of boxes.slice(at + 1)) if (a.label === b.label && iou(a, b) > SAME_IOU) pairs += 1;
    });
    expect(lint(boxes, image).filter(({ kind }) => kind === "duplicate")).toHaveLength(pairs);
  }
});
