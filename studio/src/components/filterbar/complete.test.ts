import { describe, expect, test } from "vitest";
import { accept, FilterHistory, offerFor, oneLine, type Suggestions } from "./complete";

const option = (insert: string) => ({ insert, label: insert, kind: "value" });
const labels: Suggestions = { from: 4, to: 6, options: [option("car"), option("cat"), option("camper")] };

describe("offers", () => {
  test("the first one is taken by Enter once something is typed", () => {
    expect(offerFor(labels, "has(ca", "has(ca", 6)).toMatchObject({ from: 4, to: 6, preferred: 0 });
    expect(offerFor({ ...labels, to: 4 }, "has(", "has(", 4)?.preferred).toBe(-1);
  });

  test("typing on narrows what was there", () => {
    const offer = offerFor(labels, "has(ca", "has(cam", 7);
    expect(offer).toMatchObject({ from: 4, to: 7 });
    expect(offer?.options.map(({ insert }) => insert)).toEqual(["camper"]);
  });

  test("another text in front, or the cursor elsewhere, ends them", () => {
    expect(offerFor(labels, "has(ca", "count(ca", 8)).toBeNull();
    expect(offerFor(labels, "has(ca) and x", "has(ca) and x", 13)).toBeNull();
    expect(offerFor(labels, "has(ca", "has(ca", 2)).toBeNull();
  });

  test("nothing fits, nothing is offered", () => {
    expect(offerFor(labels, "has(ca", "has(cax", 7)).toBeNull();
    expect(offerFor({ ...labels, options: [] }, "has(ca", "has(ca", 6)).toBeNull();
    expect(offerFor(null, "", "", 0)).toBeNull();
  });

  test("a word that is whole leaves Enter to the filter", () => {
    const car: Suggestions = { from: 4, to: 7, options: [option("car")] };
    expect(offerFor(car, "has(car", "has(car", 7)).toBeNull();
    expect(offerFor({ ...car, options: [option("car"), option("carriage")] }, "has(car", "has(car", 7)?.preferred).toBe(-1);
  });
});

describe("accepting", () => {
  const offer = (from: number, to: number) => ({ from, to, options: [], preferred: 0 });
  test("replaces the word at the cursor", () =>
    expect(accept("has(ca) and x", offer(4, 6), option("car"))).toEqual({ text: "has(car) and x", cursor: 7 }));
  test("does not double a bracket", () => {
    expect(accept("ha(car)", offer(0, 2), option("has("))).toEqual({ text: "has(car)", cursor: 4 });
    expect(accept("ha", offer(0, 2), option("has("))).toEqual({ text: "has(", cursor: 4 });
  });
});

test("pasted lines become one", () => expect(oneLine("has(car)\n  and tod = night\r\n")).toBe("has(car) and tod = night "));

describe("history", () => {
  test("goes back and comes again to the draft", () => {
    const history = new FilterHistory(["a"]);
    history.add("b");
    expect(history.older("draft")).toBe("b");
    expect(history.older("b")).toBe("a");
    expect(history.older("a")).toBeUndefined();
    expect(history.newer()).toBe("b");
    expect(history.newer()).toBe("draft");
    expect(history.newer()).toBeUndefined();
  });

  test("what stands there is no step", () => {
    const history = new FilterHistory(["a", "b"]);
    expect(history.older("b")).toBe("a");
  });

  test("each filter is there once", () => {
    const history = new FilterHistory(["a", "b"]);
    history.add("a");
    history.add("");
    expect([history.older("x"), history.older("a"), history.older("b")]).toEqual(["a", "b", undefined]);
  });
});
