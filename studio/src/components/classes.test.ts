import { expect, test } from "vitest";
import { classColour, classInk, lookOf } from "./classes";

const NAMES = ["person", "bicycle", "car", "motorcycle", "bus", "train", "truck", "traffic light", "stop sign", "face", "plate", "text"];

function luminance(hex: string): number {
  const part = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

test("the common classes differ from each other", () => {
  expect(new Set(NAMES.map(classColour)).size).toBe(NAMES.length);
});

test("a name is read on its plate, and a line is seen on asphalt", () => {
  for (const name of [...NAMES, ...Array.from({ length: 500 }, (_, at) => `class ${at}`)]) {
    expect(classColour(name)).toMatch(/^#[0-9a-f]{6}$/);
    expect(contrast(classColour(name), classInk(name))).toBeGreaterThan(4.5);
    expect(contrast(classColour(name), "#1c2024")).toBeGreaterThan(4.5);
  }
});

test("the same name has the same colour, however it is written", () => {
  expect(classColour("Car")).toBe(classColour("car"));
  expect(classColour("Traffic_Light")).toBe(classColour("traffic light"));
  expect(classColour("Strassenbahn")).toBe(classColour("strassenbahn"));
});

test("a colour that somebody chose is written on legibly", () => {
  for (const colour of ["#ff8800", "#101010", "#ffffff", "#0000ff", "#7f7f7f"]) {
    const look = lookOf(colour);
    expect(look?.colour).toBe(colour);
    expect(contrast(colour, look?.ink ?? colour), colour).toBeGreaterThan(4);
  }
  expect(["red", "#fff", "", "#gggggg"].map(lookOf)).toEqual([null, null, null, null]);
});
