// The queue of messages at the foot of the page. It knows nothing of React, so that a
// mutation far from any component can say how it went.

export type ToastTone = "neutral" | "good" | "warn" | "bad";

export interface Toast {
  id: number;
  tone: ToastTone;
  title: string;
  text?: string | undefined;
  action?: { label: string; run: () => void } | undefined;
}

export type NewToast = Omit<Toast, "id" | "tone"> & { tone?: ToastTone };

/** More than this would hide the page; the oldest goes. */
const MOST = 4;
/** Long enough to read some fifteen words. A failure stays until it is closed. */
const SHOWN_MS = 6000;

export class Toasts {
  private shown: readonly Toast[] = [];
  private nextId = 1;
  private readonly listeners = new Set<() => void>();
  private readonly timers = new Map<number, ReturnType<typeof setTimeout>>();

  show(toast: NewToast): number {
    const id = this.nextId++;
    this.set([...this.shown, { ...toast, tone: toast.tone ?? "neutral", id }].slice(-MOST));
    if (toast.tone !== "bad") this.start(id);
    return id;
  }

  close(id: number): void {
    this.set(this.shown.filter((toast) => toast.id !== id));
  }

  /** While the pointer or the focus is on the messages none of them goes. */
  hold(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  release(): void {
    for (const toast of this.shown) if (toast.tone !== "bad") this.start(toast.id);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly current = (): readonly Toast[] => this.shown;

  private start(id: number): void {
    clearTimeout(this.timers.get(id));
    this.timers.set(id, setTimeout(() => this.close(id), SHOWN_MS));
  }

  private set(shown: readonly Toast[]): void {
    this.shown = shown;
    for (const [id, timer] of this.timers) {
      if (shown.some((toast) => toast.id === id)) continue;
      clearTimeout(timer);
      this.timers.delete(id);
    }
    for (const listener of this.listeners) listener();
  }
}

/** The studio's one queue; `ToastRegion` shows it. */
export const toasts = new Toasts();
