// How a person likes the editor. Survives the step to the next frame; what is a matter
// of taste survives a reload as well, what hides boxes does not.

import { useCallback, useState } from "react";
import type { EditBox } from "./types";

export interface Settings {
  /** Of the boxes, 0..1. */
  opacity: number;
  hasCrosshair: boolean;
  /** Class of new boxes; null until one is chosen. */
  label: string | null;
  hidden: ReadonlySet<string>;
  /** The model's boxes below it are not shown. */
  leastConfidence: number;
}

export type SettingsChange = Partial<Settings>;

export function isShown(box: EditBox, settings: Settings): boolean {
  return !settings.hidden.has(box.label) && !isBelow(box, settings.leastConfidence);
}

/** Whether the confidence slider hides it. */
export function isBelow(box: EditBox, least: number): boolean {
  return box.origin === "model" && (box.confidence ?? 1) < least;
}

const KEY = "roadloop.boxeditor";

export function useSettings(): [Settings, (change: SettingsChange) => void] {
  const [settings, setSettings] = useState(read);
  const change = useCallback((next: SettingsChange) => {
    setSettings((before) => {
      const after = { ...before, ...next };
      if (next.opacity !== undefined || next.hasCrosshair !== undefined) write(after);
      return after;
    });
  }, []);
  return [settings, change];
}

function read(): Settings {
  const settings: Settings = {
    opacity: 1,
    hasCrosshair: false,
    label: null,
    hidden: new Set(),
    leastConfidence: 0,
  };
  try {
    const found: unknown = JSON.parse(window.localStorage.getItem(KEY) ?? "null");
    if (typeof found !== "object" || found === null) return settings;
    const { opacity, hasCrosshair } = found as Record<string, unknown>;
    if (typeof opacity === "number" && opacity >= 0.1 && opacity <= 1) settings.opacity = opacity;
    if (typeof hasCrosshair === "boolean") settings.hasCrosshair = hasCrosshair;
  } catch {
    // No storage or nonsense in it: as if nothing was ever chosen.
  }
  return settings;
}

function write({ opacity, hasCrosshair }: Settings): void {
  try {
    window.localStorage.setItem(KEY, JSON.stringify({ opacity, hasCrosshair }));
  } catch {
    // Taste that is not kept harms nobody.
  }
}
