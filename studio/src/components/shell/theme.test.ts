import { expect, test } from "vitest";
import { readChoice, themeFor } from "./theme";

test("what was stored, or the system's", () => {
  expect(readChoice("dark")).toBe("dark");
  expect(readChoice(null)).toBe("system");
  expect(readChoice("pink")).toBe("system");
});

test("a choice goes before the system", () => {
  expect(themeFor("light", true)).toBe("light");
  expect(themeFor("system", true)).toBe("dark");
  expect(themeFor("system", false)).toBe("light");
});
