// The keys of the page that is shown, for the sheet that `?` opens.

import { useEffect, useSyncExternalStore } from "react";

export interface KeyRow {
  /** Each stands for itself, as `Kbd` writes it. */
  keys: readonly string[];
  does: string;
}

interface State {
  title: string;
  rows: readonly KeyRow[];
  isOpen: boolean;
  /** Something on the page has a sheet of its own. */
  isElsewhere: boolean;
}

let state: State = { title: "", rows: [], isOpen: false, isElsewhere: false };
const listeners = new Set<() => void>();

function change(to: Partial<State>): void {
  state = { ...state, ...to };
  for (const listener of listeners) listener();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Names the keys of a page. The rows are to be the same object each time. */
export function usePageKeys(title: string, rows: readonly KeyRow[]): void {
  useEffect(() => {
    change({ title, rows });
    return () => change({ title: "", rows: [], isOpen: false });
  }, [rows, title]);
}

/** For as long as it is on: `?` is somebody else's. */
export function useKeysElsewhere(isOn: boolean): void {
  useEffect(() => {
    if (!isOn) return;
    change({ isElsewhere: true });
    return () => change({ isElsewhere: false });
  }, [isOn]);
}

export function useKeys(): State {
  return useSyncExternalStore(listen, () => state);
}

export function openKeys(): void {
  change({ isOpen: true });
}

export function closeKeys(): void {
  change({ isOpen: false });
}
