// Which key press is which shortcut. Written as "g", "?", "Shift+ArrowLeft", "Mod+Enter"
// ("Mod" is Command on a Mac and Control elsewhere), "Alt+ArrowUp".

export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

export function matches(shortcut: string, press: KeyPress, isMac: boolean): boolean {
  // "+" itself is a key too: "Mod++" has an empty part at its end.
  const parts = shortcut.split("+");
  const key = shortcut.endsWith("+") ? "+" : (parts.pop() ?? "");
  const has = (name: string) => parts.includes(name);
  const ctrl = has("Ctrl") || (has("Mod") && !isMac);
  const meta = has("Mod") && isMac;
  if (press.ctrlKey !== ctrl || press.metaKey !== meta || press.altKey !== has("Alt")) return false;
  if (press.key.toLowerCase() !== key.toLowerCase()) return false;
  // "?" and "A" are typed with Shift on some keyboards and without on others; a named key
  // such as an arrow is not the same with it.
  const isLetter = /^[a-z]$/i.test(key);
  const isSign = key.length === 1 && !isLetter;
  return isSign || press.shiftKey === has("Shift");
}

/** What has the focus is moved by arrows itself, as a slider is. */
export function takesArrows(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.closest('input[type="range"], input[type="radio"], [role="slider"], [role="application"], video') !== null;
}

/** Someone is writing there, or chooses by typing: letters are not ours. */
export function takesLetters(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.tagName === "TEXTAREA" || target.tagName === "SELECT") return true;
  if (target.closest('[role="menu"], [role="listbox"], [role="combobox"]') !== null) return true;
  return target.tagName === "INPUT" && !["checkbox", "radio", "range", "button"].includes((target as HTMLInputElement).type);
}
