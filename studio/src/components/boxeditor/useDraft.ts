// Keeps the draft of the open frame in the browser while a person works.

import { useCallback, useEffect } from "react";
import { browserKeep, draftOf, dropDraft, writeDraft } from "./draft";
import type { EditorState } from "./state";
import { useLatest } from "./useLatest";

/** Milliseconds without a change before the draft is written. */
const CALM = 250;

export function useDraft(options: {
  frame: string;
  base: string;
  state: EditorState;
  isDirty: boolean;
  /** Not while a person has still to choose between this draft and another. */
  isPaused: boolean;
}): void {
  const latest = useLatest(options);

  /** True if nothing would be lost now. */
  const flush = useCallback((): boolean => {
    const { frame, base, state, isDirty, isPaused } = latest.current;
    if (isPaused) return true;
    const keep = browserKeep();
    if (!isDirty && state.past.length === 0 && state.future.length === 0 && state.locked.size === 0) {
      dropDraft(keep, frame);
      return true;
    }
    return writeDraft(keep, frame, draftOf(state, base, isDirty, Date.now())) || !isDirty;
  }, [latest]);

  const { base, state, isDirty, isPaused } = options;
  const { boxes, past, future, locked, live } = state;
  useEffect(() => {
    if (live !== null) return;
    const timer = window.setTimeout(flush, CALM);
    return () => window.clearTimeout(timer);
  }, [flush, boxes, past, future, locked, live, base, isDirty, isPaused]);

  useEffect(() => {
    // The page asks before it goes only if the browser could not keep the draft.
    const leave = (event: BeforeUnloadEvent) => {
      if (!flush()) event.preventDefault();
    };
    const hide = () => void flush();
    window.addEventListener("beforeunload", leave);
    window.addEventListener("pagehide", hide);
    return () => {
      window.removeEventListener("beforeunload", leave);
      window.removeEventListener("pagehide", hide);
      flush();
    };
  }, [flush]);
}
