// Listens to the keyboard for the whole editor, and keeps its hands off where it is not
// meant: another part of the page, a dialog, a field somebody types in.

import { useEffect, type RefObject } from "react";
import { chordOf, commandOf, digitOf, mayTake, type Command, type Focused } from "./keys";
import { useLatest } from "./useLatest";

export const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);

export interface KeyDeeds {
  /** Something of the page's own; true if there is such a thing. */
  deed(chord: string, isRepeat: boolean): boolean;
  run(command: Command, isRepeat: boolean): void;
  /** True if it stands for a class. */
  digit(digit: string): boolean;
  /** Space is held: a drag pushes the image. */
  hold(isHeld: boolean): void;
}

export function useKeys(
  root: RefObject<HTMLElement | null>,
  canvas: RefObject<HTMLElement | null>,
  deeds: KeyDeeds,
): void {
  const latest = useLatest(deeds);
  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const active = document.activeElement;
      const isOurs = active === null || active === document.body || root.current?.contains(active) === true;
      if (!isOurs || !mayTake(event, focused(active, canvas.current))) return;
      if (event.key === " ") {
        event.preventDefault();
        latest.current.hold(true);
        return;
      }
      const digit = digitOf(event);
      const command = commandOf(event, IS_MAC);
      const isTaken = latest.current.deed(chordOf(event, IS_MAC), event.repeat) || (digit !== null && latest.current.digit(digit));
      if (!isTaken && command === null) return;
      event.preventDefault();
      if (!isTaken && command !== null) latest.current.run(command, event.repeat);
    };
    // A button with the focus would take Ctrl and Enter for Enter, were it asked first.
    const before = (event: KeyboardEvent) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      down(event);
      if (event.defaultPrevented) event.stopPropagation();
    };
    const up = (event: KeyboardEvent) => {
      if (event.key === " ") latest.current.hold(false);
    };
    const away = () => latest.current.hold(false);
    window.addEventListener("keydown", before, true);
    window.addEventListener("keydown", down);
    window.addEventListener("keyup", up);
    window.addEventListener("blur", away);
    return () => {
      window.removeEventListener("keydown", before, true);
      window.removeEventListener("keydown", down);
      window.removeEventListener("keyup", up);
      window.removeEventListener("blur", away);
    };
  }, [root, canvas, latest]);
}

function focused(active: Element | null, canvas: Element | null): Focused | null {
  if (active === null || active === document.body || active === canvas) return null;
  return {
    tag: active.tagName,
    type: active.getAttribute("type"),
    role: active.getAttribute("role"),
    isEditable: active instanceof HTMLElement && active.isContentEditable,
  };
}
