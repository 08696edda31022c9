import { describe, expect, it } from "vitest";
import { begin, pictureNameOf, problemsOf, toNewJob, troubleOfLabels, withKeys, type Draft } from "./newJob";

const good: Draft = { ...begin({ filter: "has(car)" }), name: "cars-1", labels: [{ name: "car", hotkey: "1" }] };

function check(change: Partial<Draft>, expected: string) {
  expect(Object.keys(problemsOf({ ...good, ...change })).join(" ")).toBe(expected);
}

describe("a new job", () => {
  it("may be made when nothing is wrong", () => check({}, ""));
  it("has a name as Ground Truth's", () => {
    for (const name of ["a", "night-cars-2", "A".repeat(63)]) check({ name }, "");
    for (const name of ["", "-a", "a-", "a b", "a_b", "a".repeat(64), "new"]) check({ name }, "name");
  });
  it("has times within limits", () => {
    for (const minutes of ["0.5", "480"]) check({ minutes }, "");
    for (const minutes of ["", "0.4", "481", "x"]) check({ minutes }, "minutes");
    for (const days of ["0", "1.5", "366", "x"]) check({ days }, "days");
  });
  it("is of an earlier one where that is verified", () => {
    check({ purpose: "verify" }, "of");
    check({ purpose: "verify", of: "cars" }, "");
  });
  it("has gold frames only where they are asked for", () => {
    check({ goldFilter: "tag = gold", goldEvery: "1" }, "gold");
    expect(toNewJob({ ...good, goldEvery: "7" })).toMatchObject({ gold_filter: null, gold_every: 0 });
    expect(toNewJob({ ...good, goldFilter: " tag = gold ", goldEvery: "7" })).toMatchObject({ gold_filter: "tag = gold", gold_every: 7 });
  });

  it("is sent as the API has it", () => {
    const draft: Draft = { ...good, minutes: "2.5", workers: 2, consolidation: { ...good.consolidation, quorum: 3 }, labels: [{ name: " car ", color: "#ff0000", hotkey: "" }] };
    expect(toNewJob(draft)).toMatchObject({ purpose: "draw", of: null, filter: "has(car)", task_seconds: 150, lifetime_days: 30, review: "disagreements", review_below: 0.8, consolidation: { quorum: 2 }, labels: [{ name: "car", color: "#ff0000", hotkey: null }] });
    expect(toNewJob({ ...draft, ...{ purpose: "verify", of: "cars", preLabel: true, review: "all" } })).toMatchObject({ of: "cars", filter: "", pre_label: false, review_below: null });
  });
});

describe("labels", () => {
  it("have names and keys of their own", () => {
    expect(troubleOfLabels([{ name: "car" }, { name: "bus", hotkey: "b" }])).toBeNull();
    expect(troubleOfLabels([])).toBe("At least one.");
    expect(troubleOfLabels([{ name: "car" }, { name: " Car" }])).toBe("car is there twice.");
    expect(troubleOfLabels([{ name: "car", hotkey: "b" }, { name: "bus", hotkey: "B" }])).toBe("b stands for two labels.");
    expect(troubleOfLabels([{ name: "car", hotkey: "n" }])).toMatch(/^n does something else/);
  });
  it("are given the free digits", () => {
    expect(withKeys([{ name: "car" }, { name: "bus", hotkey: "1" }, { name: "van" }]).map(({ hotkey }) => hotkey)).toEqual(["2", "1", "3"]);
  });
});

it("names of pictures fit an address", () => {
  expect(["good car.png", "../x.png", "ä.jpg", "?"].map(pictureNameOf)).toEqual(["good-car.png", "x.png", "jpg", "picture"]);
});
