import { expect, test } from "vitest";
import { KEYS, cheatSheet, chordOf, classKeys, commandOf, digitOf, keyOf, mayStandForClass, mayTake, spell, type Pressed } from "./keys";

function press(key: string, held = ""): Pressed {
  return {
    key,
    ctrlKey: held.includes("c"),
    metaKey: held.includes("m"),
    altKey: held.includes("a"),
    shiftKey: held.includes("s"),
  };
}

test("no key has two meanings, and Tab has none", () => {
  const keys = KEYS.flatMap((row) => row.keys);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.join(" ")).not.toMatch(/Tab|\d\d/);
});

test.each([
  [press("n"), "new"],
  [press("N", "s"), null],
  [press("z"), "zoom-box"],
  [press("z", "c"), "undo"],
  [press("Z", "cs"), "redo"],
  [press("y", "c"), "redo"],
  [press("d", "c"), "duplicate"],
  [press("?", "s"), "help"],
  [press("+", "s"), "zoom-in"],
  [press("-"), "zoom-out"],
  [press("-", "c"), null],
  [press("ArrowLeft"), "left"],
  [press("ArrowLeft", "s"), "left-far"],
  [press("ArrowRight", "c"), "wider"],
  [press("ArrowDown", "cs"), "taller-far"],
  [press("ArrowLeft", "a"), null],
  [press("ArrowLeft", "m"), null],
  [press("A", "s"), "accept-all"],
] as const)("%o is %s", (pressed, command) => {
  expect(commandOf(pressed, false)).toBe(command);
});

test("on a Mac, Command is for words and Option for sizes", () => {
  expect(commandOf(press("z", "m"), true)).toBe("undo");
  expect(commandOf(press("z", "c"), true)).toBeNull();
  expect(commandOf(press("ArrowRight", "a"), true)).toBe("wider");
  expect(commandOf(press("ArrowRight", "c"), true)).toBeNull();
  expect(spell("Mod+Shift+z", true)).toBe("⌘ ⇧ Z");
  expect(keyOf("zoom-in", false)).toBe("+");
});

test("digits are for classes, only alone", () => {
  expect(digitOf(press("3"))).toBe("3");
  expect(digitOf(press("3", "c"))).toBeNull();
  expect(digitOf(press("0"))).toBeNull();
});

test("a class gets the digit it asks for, the others what is left", () => {
  const keys = classKeys([{ name: "car" }, { name: "person", key: "1" }, { name: "bus" }]);
  expect([...keys].sort()).toEqual([["1", "person"], ["2", "car"], ["3", "bus"]]);
});

test("only nine classes have digits", () => {
  expect(classKeys(Array.from({ length: 12 }, (_, at) => ({ name: `c${at}` }))).size).toBe(9);
});

test("who types, types; lists keep their arrows; buttons keep what presses them", () => {
  const focused = (tag: string, type: string | null = null, role: string | null = null) => ({ tag, type, role, isEditable: false });
  for (const key of ["3", "ArrowLeft", "n", "Delete", "?", "Tab"]) {
    expect(mayTake(press(key), focused("INPUT", "text"))).toBe(false);
  }
  expect(mayTake(press("z", "c"), focused("INPUT", "text"))).toBe(false);
  expect(mayTake(press("s", "c"), focused("INPUT", "text"))).toBe(true);
  expect(mayTake(press("ArrowDown"), focused("DIV", null, "listbox"))).toBe(false);
  expect(mayTake(press("3"), focused("DIV", null, "listbox"))).toBe(true);
  expect(mayTake(press("ArrowRight"), focused("INPUT", "range"))).toBe(false);
  expect(mayTake(press("n"), focused("INPUT", "range"))).toBe(true);
  expect(mayTake(press("Enter"), focused("BUTTON"))).toBe(false);
  expect(mayTake(press("ArrowLeft"), focused("BUTTON"))).toBe(true);
  expect(mayTake(press("Tab"), null)).toBe(false);
  expect(mayTake(press("n"), null)).toBe(true);
});

test("the cheat sheet tells every command", () => {
  const told = cheatSheet(false).flatMap(({ rows }) => rows.map(({ does }) => does));
  for (const { does } of KEYS) expect(told).toContain(does);
  expect(new Set(told).size).toBe(told.length);
});

test("classes may ask for letters that do nothing else", () => {
  const classes = [{ name: "car", key: "Q" }, { name: "person", key: "n" }, { name: "bus" }, { name: "van", key: "q" }];
  expect([...classKeys(classes)]).toEqual([["q", "car"], ["1", "person"], ["2", "bus"], ["3", "van"]]);
  expect(["q", "7", "n", "?", "ä", "0", ""].map(mayStandForClass)).toEqual([true, true, false, false, false, false, false]);
  expect([press("q"), press("Q", "s"), press("q", "c"), press("n"), press("5")].map(digitOf)).toEqual(["q", null, null, null, "5"]);
});

test("a page's own deeds come first on the sheet", () => {
  const [first] = cheatSheet(false, [{ keys: ["Mod+Enter"], does: "submit", run: () => undefined }]);
  expect(first).toEqual({ group: "This task", rows: [{ keys: ["Ctrl Enter"], does: "submit" }] });
  expect(chordOf(press("Enter", "c"), false)).toBe("Mod+Enter");
  expect(chordOf(press("S", "s"), false)).toBe("Shift+s");
  const button = { tag: "BUTTON", type: null, role: null, isEditable: false };
  expect([mayTake(press("Enter"), button), mayTake(press("Enter", "c"), button)]).toEqual([false, true]);
});
