import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Toasts } from "./toasts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const titles = (toasts: Toasts) => toasts.current().map((toast) => toast.title);

test("a message goes by itself, a failure stays", () => {
  const toasts = new Toasts();
  toasts.show({ title: "saved", tone: "good" });
  toasts.show({ title: "lost", tone: "bad" });
  vi.advanceTimersByTime(60_000);
  expect(titles(toasts)).toEqual(["lost"]);
});

test("the oldest goes when there are too many", () => {
  const toasts = new Toasts();
  for (const title of ["a", "b", "c", "d", "e"]) toasts.show({ title });
  expect(titles(toasts)).toEqual(["b", "c", "d", "e"]);
});

test("none goes while it is held", () => {
  const toasts = new Toasts();
  toasts.show({ title: "read me" });
  toasts.hold();
  vi.advanceTimersByTime(60_000);
  expect(titles(toasts)).toEqual(["read me"]);
  toasts.release();
  vi.advanceTimersByTime(60_000);
  expect(titles(toasts)).toEqual([]);
});

test("listeners hear of each change until they leave", () => {
  const toasts = new Toasts();
  let heard = 0;
  const leave = toasts.subscribe(() => heard++);
  toasts.close(toasts.show({ title: "a" }));
  leave();
  toasts.show({ title: "b" });
  expect(heard).toBe(2);
});
