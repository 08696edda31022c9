import { expect, test } from "vitest";
import { nextSort } from "./Table";

test("presses of one header go to and fro; another column starts ascending", () => {
  const first = nextSort(null, "name");
  expect(first).toEqual({ column: "name", direction: "ascending" });
  expect(nextSort(first, "name")).toEqual({ column: "name", direction: "descending" });
  expect(nextSort({ column: "name", direction: "descending" }, "name").direction).toBe("ascending");
  expect(nextSort(first, "size")).toEqual({ column: "size", direction: "ascending" });
});
