import { describe, expect, it } from "vitest";
import { acceptedOf, beginsWith, mergeBoxes, toEdit, toPersons } from "./boxes";
import type { PersonsBox } from "../../api/labelling";

const box = (label: string, left: number, confidence: number | null = null): PersonsBox => ({ label, left, top: 10, width: 100, height: 80, confidence, tags: [] });

function check(before: PersonsBox[], mine: PersonsBox[], theirs: PersonsBox[], expected: string) {
  expect(mergeBoxes(before, mine, theirs).map(({ label, left, confidence }) => `${label}@${left}${confidence == null ? "" : "?"}`).join(" ")).toBe(expected);
}

describe("two drafts of one task", () => {
  const car = box("car", 0);
  it("merge to what either added", () => check([car], [car, box("bus", 300)], [car, box("person", 500)], "car@0 person@500 bus@300"));
  it("lose what either took away", () => {
    check([car, box("bus", 300)], [car], [car, box("bus", 300), box("person", 500)], "car@0 person@500");
    check([car, box("bus", 300)], [car, box("bus", 300), box("person", 500)], [car], "car@0 person@500");
  });
  it("hold a box that one moved once, where it was moved to", () => check([car], [box("car", 40)], [car], "car@40"));
  it("hold the same thing drawn twice once", () => check([], [box("car", 0)], [box("car", 1)], "car@1"));
  it("hold what both moved apart twice: a person decides", () => check([car], [box("car", 200)], [box("car", 400)], "car@400 car@200"));
  it("take an accepted box before its proposal", () => {
    const proposal = box("car", 0, 0.8);
    check([proposal], [car], [proposal], "car@0");
    check([proposal], [proposal], [car], "car@0");
  });
});

describe("proposals", () => {
  it("are a model's until they are accepted, and no part of an answer", () => {
    const boxes = [box("car", 0, 0.8), box("bus", 300)];
    expect(toEdit(boxes, "draw").map(({ origin }) => origin)).toEqual(["model", "person"]);
    expect(acceptedOf(boxes).map(({ label }) => label)).toEqual(["bus"]);
    expect(toPersons(toEdit(boxes, "draw"))).toEqual(boxes);
  });
  it("are what people drew in the catalog as well, until there is a draft", () => {
    const boxes = [box("car", 0), box("bus", 9, 0.4)];
    expect(beginsWith({ draft: null, boxes, purpose: "draw" }).map(({ confidence }) => confidence)).toEqual([1, 0.4]);
    expect(beginsWith({ draft: null, boxes, purpose: "adjust" })).toEqual(boxes);
    expect(beginsWith({ draft: { boxes: [] }, boxes, purpose: "draw" })).toEqual([]);
  });
  it("are none where an earlier job is adjusted", () => {
    const [one] = toEdit([box("car", 0, 0.97)], "adjust");
    expect([one?.origin, one?.confidence]).toEqual(["person", null]);
  });
});
