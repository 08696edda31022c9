import { expect, test } from "vitest";
import { filterClasses } from "./filter";

const names = ["car", "traffic light", "bicycle", "caravan", "light truck"];

function check(typed: string, isNewAllowed: boolean, expected: string[]) {
  const found = filterClasses(names, typed, isNewAllowed);
  expect(found.map(({ name, isNew }) => (isNew ? `${name} (new)` : name))).toEqual(expected);
}

test("what begins so comes first, a new class last", () => {
  check("", true, names);
  check("CAR", true, ["car", "caravan"]);
  check("li", false, ["light truck", "traffic light"]);
  check("cyc", true, ["bicycle", "cyc (new)"]);
  check(" Tram ", true, ["Tram (new)"]);
  check("tram", false, []);
});
