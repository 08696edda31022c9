// Every key of the editor, in one table: what is pressed is looked up here, and the
// cheat sheet and the tooltips are written from it.

import type { EditorClass, EditorDeed } from "./types";

export type Command =
  | "new" | "delete" | "duplicate" | "lock" | "accept" | "accept-all" | "class"
  | "next" | "previous" | "deselect" | "copy-previous"
  | "left" | "right" | "up" | "down"
  | "left-far" | "right-far" | "up-far" | "down-far"
  | "narrower" | "wider" | "shorter" | "taller"
  | "narrower-far" | "wider-far" | "shorter-far" | "taller-far"
  | "undo" | "redo" | "save"
  | "zoom-in" | "zoom-out" | "fit" | "full-size" | "zoom-box"
  | "crosshair" | "hide-class" | "show-all" | "help"
  | "next-frame" | "previous-frame";

export interface KeyRow {
  command: Command;
  /** As the browser names them, after `Mod+` (Ctrl, or Command on a Mac), `Size+`
   * (Ctrl, or Option on a Mac, where Ctrl with arrows switches desktops) and `Shift+`. */
  keys: readonly string[];
  does: string;
  group: "Boxes" | "Move and resize" | "View" | "Frame";
}

const row = (group: KeyRow["group"], command: Command, does: string, ...keys: string[]): KeyRow => ({
  group,
  command,
  does,
  keys,
});

export const KEYS: readonly KeyRow[] = [
  row("Boxes", "new", "draw a box; again, or with no mouse on the image: a box in the middle", "n"),
  row("Boxes", "class", "choose the class by typing", "Enter", "/"),
  row("Boxes", "next", "next box", "j", "]"),
  row("Boxes", "previous", "previous box", "k", "["),
  row("Boxes", "duplicate", "duplicate", "Mod+d"),
  row("Boxes", "delete", "delete", "Delete", "Backspace"),
  row("Boxes", "lock", "lock or unlock", "l"),
  row("Boxes", "accept", "accept the model's box", "a"),
  row("Boxes", "accept-all", "accept all shown boxes of the model", "Shift+a"),
  row("Boxes", "copy-previous", "copy boxes from the previous frame", "v"),
  row("Boxes", "deselect", "stop drawing, deselect", "Escape"),
  row("Move and resize", "left", "move by 1 px", "ArrowLeft"),
  row("Move and resize", "right", "move by 1 px", "ArrowRight"),
  row("Move and resize", "up", "move by 1 px", "ArrowUp"),
  row("Move and resize", "down", "move by 1 px", "ArrowDown"),
  row("Move and resize", "left-far", "move by 10 px", "Shift+ArrowLeft"),
  row("Move and resize", "right-far", "move by 10 px", "Shift+ArrowRight"),
  row("Move and resize", "up-far", "move by 10 px", "Shift+ArrowUp"),
  row("Move and resize", "down-far", "move by 10 px", "Shift+ArrowDown"),
  row("Move and resize", "narrower", "move the right edge by 1 px", "Size+ArrowLeft"),
  row("Move and resize", "wider", "move the right edge by 1 px", "Size+ArrowRight"),
  row("Move and resize", "shorter", "move the bottom edge by 1 px", "Size+ArrowUp"),
  row("Move and resize", "taller", "move the bottom edge by 1 px", "Size+ArrowDown"),
  row("Move and resize", "narrower-far", "move the right edge by 10 px", "Size+Shift+ArrowLeft"),
  row("Move and resize", "wider-far", "move the right edge by 10 px", "Size+Shift+ArrowRight"),
  row("Move and resize", "shorter-far", "move the bottom edge by 10 px", "Size+Shift+ArrowUp"),
  row("Move and resize", "taller-far", "move the bottom edge by 10 px", "Size+Shift+ArrowDown"),
  row("View", "zoom-in", "zoom in", "+", "="),
  row("View", "zoom-out", "zoom out", "-"),
  row("View", "fit", "fit the image", "f"),
  row("View", "full-size", "one image pixel per screen pixel", "0"),
  row("View", "zoom-box", "zoom to the selected box", "z"),
  row("View", "crosshair", "crosshair on or off", "c"),
  row("View", "hide-class", "hide the class of the selected box", "h"),
  row("View", "show-all", "show all classes", "Shift+h"),
  row("View", "help", "this list", "?"),
  row("Frame", "save", "save", "Mod+s"),
  row("Frame", "undo", "undo", "Mod+z"),
  row("Frame", "redo", "redo", "Mod+Shift+z", "Mod+y"),
  row("Frame", "next-frame", "next frame", "."),
  row("Frame", "previous-frame", "previous frame", ","),
];

/** What the mouse does: shown beside the keys. */
export const POINTER_ROWS: readonly (readonly [string, string])[] = [
  ["Drag on the ground", "draw a box"],
  ["Drag in a box", "move it"],
  ["Drag an edge or a corner", "resize it"],
  ["Shift while resizing", "keep its proportions"],
  ["Alt while resizing", "resize about its centre"],
  ["Click again", "select the box underneath"],
  ["Wheel, pinch", "zoom to the pointer"],
  ["Space and drag, middle button, two fingers", "push the image about"],
];

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

const byChord = new Map(KEYS.flatMap(({ command, keys }) => keys.map((key) => [key, command] as const)));

export function commandOf(pressed: Pressed, isMac: boolean): Command | null {
  return byChord.get(chordOf(pressed, isMac)) ?? null;
}

/** The digit or letter pressed alone, for a class; null for every other key. */
export function digitOf(pressed: Pressed): string | null {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey) return null;
  if (/^[1-9]$/.test(pressed.key)) return pressed.key;
  const key = pressed.key.toLowerCase();
  return !pressed.shiftKey && mayStandForClass(key) ? key : null;
}

/** Whether a key may be asked for by a class: a digit, or a letter that does nothing else. */
export function mayStandForClass(key: string): boolean {
  return /^[1-9]$/.test(key) || (/^[a-z]$/.test(key) && !byChord.has(key));
}

export function chordOf(pressed: Pressed, isMac: boolean): string {
  const key = pressed.key.length === 1 ? pressed.key.toLowerCase() : pressed.key;
  const isLetter = /^[a-z]$/.test(key);
  const parts: string[] = [];
  const { ctrlKey, metaKey, altKey } = pressed;
  const isArrow = key.startsWith("Arrow");
  const isHeld = isMac ? (isArrow ? altKey : metaKey) : ctrlKey;
  const isOther = isMac ? ctrlKey || (isArrow ? metaKey : altKey) : metaKey || altKey;
  if (isOther) return "";
  if (isHeld) parts.push(isArrow ? "Size" : "Mod");
  // Shift is part of how `?` and `+` are typed, and of nothing else that has no letter.
  if (pressed.shiftKey && (isLetter || key.length > 1)) parts.push("Shift");
  parts.push(key);
  return parts.join("+");
}

/** A chord as a person reads it: `Ctrl Shift Z`, `⌘ ⇧ Z`. */
export function spell(chord: string, isMac: boolean): string {
  const names: Record<string, string> = {
    Mod: isMac ? "⌘" : "Ctrl",
    Size: isMac ? "⌥" : "Ctrl",
    Shift: isMac ? "⇧" : "Shift",
    ArrowLeft: "←",
    ArrowRight: "→",
    ArrowUp: "↑",
    ArrowDown: "↓",
    Escape: "Esc",
    "-": "−",
  };
  return chord
    .split(/\+(?=.)/)
    .map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join(" ");
}

/** The first key of a command, for tooltips. */
export function keyOf(command: Command, isMac: boolean): string {
  const found = KEYS.find((other) => other.command === command)?.keys[0];
  return found === undefined ? "" : spell(found, isMac);
}

export interface SheetRow {
  keys: string[];
  does: string;
}

/** The cheat sheet: rows that do the same in four directions are one row. */
export function cheatSheet(isMac: boolean, deeds: readonly EditorDeed[] = []): { group: string; rows: SheetRow[] }[] {
  const groups = new Map<string, SheetRow[]>();
  if (deeds.length > 0) groups.set("This task", deeds.map(({ keys, does }) => ({ keys: keys.map((key) => spell(key, isMac)), does })));
  for (const { group, keys, does } of KEYS) {
    const rows = groups.get(group) ?? [];
    groups.set(group, rows);
    const spelt = keys.map((key) => spell(key, isMac));
    const same = rows.find((other) => other.does === does);
    if (same === undefined) rows.push({ keys: spelt, does });
    else same.keys.push(...spelt);
  }
  groups.get("Boxes")?.unshift({ keys: ["1", "…", "9"], does: "give the box that class" });
  return [...groups].map(([group, rows]) => ({ group, rows }));
}

/** Which digit or letter stands for which class. */
export function classKeys(classes: readonly EditorClass[]): Map<string, string> {
  const digits = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
  const taken = new Map<string, string>();
  for (const { name, key: wish } of classes) {
    const key = wish?.toLowerCase();
    if (key !== undefined && mayStandForClass(key) && !taken.has(key)) taken.set(key, name);
  }
  const named = new Set(taken.values());
  for (const { name } of classes) {
    const free = digits.find((digit) => !taken.has(digit));
    if (free === undefined) break;
    if (named.has(name)) continue;
    taken.set(free, name);
    named.add(name);
  }
  return taken;
}

export interface Focused {
  tag: string;
  type: string | null;
  role: string | null;
  isEditable: boolean;
}

/**
 * Whether a key may be taken although something has the focus. Who types, types;
 * a list or a slider keeps its arrows; a button keeps what presses it. Tab is never ours.
 */
export function mayTake(pressed: Pressed, focused: Focused | null): boolean {
  if (pressed.key === "Tab") return false;
  const isModified = pressed.ctrlKey || pressed.metaKey;
  const isSave = isModified && pressed.key.toLowerCase() === "s";
  if (focused === null || isSave) return true;
  const { tag, type, role, isEditable } = focused;
  const isSlider = tag === "INPUT" && type === "range";
  const isTyped = isEditable || tag === "TEXTAREA" || tag === "SELECT" || (tag === "INPUT" && !isSlider);
  if (isTyped || role === "combobox" || role === "textbox") return false;
  const isMoved = pressed.key.startsWith("Arrow") || ["Home", "End", "PageUp", "PageDown"].includes(pressed.key);
  if (isSlider || ["listbox", "option", "grid", "row", "gridcell", "slider", "radio", "tab", "menuitem"].includes(role ?? "")) {
    return !(isMoved || pressed.key === " ");
  }
  if (tag === "BUTTON" || tag === "A" || role === "button" || role === "switch") {
    return isModified || (pressed.key !== "Enter" && pressed.key !== " ");
  }
  return true;
}
