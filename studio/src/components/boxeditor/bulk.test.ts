import { expect, test } from "vitest";
import { accepted, removed, withPrevious } from "./bulk";
import { box } from "./seeded";

const image = { width: 640, height: 480 };
const here = [
  box("a", 10, 10, 100, 100),
  box("m", 300, 10, 100, 100, { label: "bus", origin: "model", confidence: 0.8 }),
  box("n", 300, 200, 50, 50, { origin: "model", confidence: 0.2 }),
];

function copied(previous: typeof here) {
  return withPrevious(here, previous, image);
}

test("copies what is not here yet and says so", () => {
  const { boxes, what } = copied([
    box("p1", 11, 10, 100, 100),
    box("p2", 11, 10, 100, 100, { label: "truck" }),
    box("p3", 600, 400, 100, 100, { origin: "model", confidence: 0.5 }),
  ]);
  expect(what).toBe("2 boxes copied from the previous frame, 1 was already here");
  expect(boxes.slice(0, 3)).toEqual(here);
  expect(boxes.slice(3)).toEqual([
    box("p2", 11, 10, 100, 100, { label: "truck" }),
    box("p3", 600, 400, 40, 80),
  ]);
});

test("twice copied is once copied", () => {
  expect(copied([]).what).toBe("The previous frame has no boxes");
  expect(copied(here).what).toBe("Nothing copied from the previous frame: 3 were already here");
});

test("accepts and removes the model's boxes alone", () => {
  const sure = accepted(here, ({ confidence }) => (confidence ?? 1) >= 0.5);
  expect(sure.what).toBe("1 box of the model accepted");
  expect(sure.boxes[1]).toMatchObject({ origin: "person", confidence: null });
  expect(sure.boxes[2]).toBe(here[2]);
  expect(removed(here, ({ id }) => id === "n").boxes).toHaveLength(2);
});
