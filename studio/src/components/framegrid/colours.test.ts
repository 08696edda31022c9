import { expect, test } from "vitest";
import { colourOfLabel } from "./colours";

test("a label has its colour for ever", () => {
  expect(["car", "person", "wheelchair"].map(colourOfLabel)).toEqual(["#4cc2ff", "#ffb020", "#2ee6c5"]);
});

test("in any spelling that a filter takes for the same", () => expect(colourOfLabel("Traffic_Light")).toBe(colourOfLabel("traffic light")));

test("what is on every street looks different", () => {
  const usual = ["car", "person", "bicycle", "truck", "bus", "motorcycle", "traffic light", "traffic sign", "stop sign", "face", "rider"];
  expect(new Set(usual.map(colourOfLabel)).size).toBe(usual.length);
});

test("labels spread over the colours", () => {
  expect(new Set(Array.from({ length: 200 }, (_, at) => colourOfLabel(`label ${at}`))).size).toBe(12);
});
