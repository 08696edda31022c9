import { useLayoutEffect, useRef } from "react";
import { matches, takesArrows, takesLetters } from "./shortcut";

const isMac = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");

/**
 * Runs on a key press anywhere on the page. Never while an input has the focus, while a
 * dialog is open, or after someone else has taken the press.
 */
export function useShortcut(shortcut: string, run: (event: KeyboardEvent) => void, isOn = true): void {
  const latest = useRef(run);
  latest.current = run;
  // Before anything is painted: a key that is pressed at once is not lost.
  useLayoutEffect(() => {
    if (!isOn) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || takesLetters(event.target)) return;
      if (event.key.startsWith("Arrow") && takesArrows(event.target)) return;
      if (!matches(shortcut, event, isMac) || document.querySelector("[data-modal-open]") !== null) return;
      event.preventDefault();
      latest.current(event);
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [shortcut, isOn]);
}
