import { expect, test } from "vitest";
import { matches, type KeyPress } from "./shortcut";

const press = (key: string, held: Partial<KeyPress> = {}): KeyPress => ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });

test("a letter alone, in any case, and never with Control", () => {
  expect(matches("g", press("g"), false)).toBe(true);
  expect(matches("g", press("G"), false)).toBe(true);
  expect(matches("g", press("G", { shiftKey: true }), false)).toBe(false);
  expect(matches("g", press("g", { ctrlKey: true }), false)).toBe(false);
});

test("signs are what they are, however they are typed", () => {
  expect(matches("?", press("?", { shiftKey: true }), false)).toBe(true);
  expect(matches("/", press("/", { shiftKey: true }), false)).toBe(true);
  expect(matches("+", press("+"), false)).toBe(true);
  expect(matches("Mod++", press("+", { ctrlKey: true }), false)).toBe(true);
});

test("Mod is Command on a Mac", () => {
  expect(matches("Mod+Enter", press("Enter", { ctrlKey: true }), false)).toBe(true);
  expect(matches("Mod+Enter", press("Enter", { ctrlKey: true }), true)).toBe(false);
  expect(matches("Mod+Enter", press("Enter", { metaKey: true }), true)).toBe(true);
});

test("named keys mind Shift", () => {
  expect(matches("Shift+ArrowLeft", press("ArrowLeft", { shiftKey: true }), false)).toBe(true);
  expect(matches("ArrowLeft", press("ArrowLeft", { shiftKey: true }), false)).toBe(false);
});
