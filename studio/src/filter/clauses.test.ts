import { describe, expect, it } from "vitest";
import {
  chooseBox, chooseConfidence, chooseLabel, chooseTime, chooseValue, clausesOf, hasLabelClause, joined, labelChoice,
  leastConfidence, quote, timeOf, valueChoice,
} from "./clauses";

describe("a filter as clauses", () => {
  it("is parted at each `and` outside brackets and texts", () => {
    expect(clausesOf("")).toEqual([]);
    expect(clausesOf("  has(car) AND camera = front ")).toEqual(["has(car)", "camera = front"]);
    expect(clausesOf('(has(a) and has(b)) and tag = "x and y"')).toEqual(["(has(a) and has(b))", 'tag = "x and y"']);
    expect(clausesOf("has(a) or has(b)")).toEqual(["(has(a) or has(b))"]);
    expect(clausesOf("(has(a) or has(b)) and has(c)")).toEqual(["(has(a) or has(b))", "has(c)"]);
  });

  it("is the same again once it is joined", () => {
    for (const text of ["", "has(car)", "has(a) or has(b)", "(has(a) or has(b)) and not has(c)", "(has(a)) and (has(b))"]) {
      expect(joined(clausesOf(text))).toBe(text);
    }
  });
});

describe("labels", () => {
  it("are added, turned round and taken out", () => {
    expect(chooseLabel("", "car", "in")).toBe("has(car)");
    expect(chooseLabel("camera = front", "traffic light", "in")).toBe('camera = front and has("traffic light")');
    expect(chooseLabel("has(traffic_light) and has(car)", "traffic light", null)).toBe("has(car)");
    expect(chooseLabel("has(car)", "car", "out")).toBe("not has(car)");
    expect(chooseLabel("has(a) or has(b)", "car", "in")).toBe("(has(a) or has(b)) and has(car)");
    expect(chooseLabel("(has(a) or has(b)) and has(car)", "car", null)).toBe("has(a) or has(b)");
  });

  it("are seen however they are written", () => {
    const clauses = clausesOf("has(Traffic_Light, conf >= 0.5) and not has('car') and count(bus) > 2");
    expect(labelChoice(clauses, "traffic light")).toBe("in");
    expect(labelChoice(clauses, "car")).toBe("out");
    expect(labelChoice(clauses, "bus")).toBe(null);
  });

  it("ask for a confidence together", () => {
    expect(chooseConfidence("has(car) and not has(bus) and width > 3", 0.4)).toBe("has(car, conf >= 0.4) and not has(bus) and width > 3");
    expect(chooseConfidence("has(car, conf >= 0.4)", null)).toBe("has(car)");
    expect(chooseConfidence("has(car, area > 0.1)", 0.4)).toBe("has(car, area > 0.1)");
    expect(chooseLabel("has(car, conf >= 0.4)", "bus", "in")).toBe("has(car, conf >= 0.4) and has(bus, conf >= 0.4)");
    expect(leastConfidence(clausesOf("has(car, conf >= 0.4) and has(bus, conf >= 0.2)"))).toBe(0.2);
    expect(hasLabelClause(clausesOf("not has(car)"))).toBe(false);
  });
});

describe("values of columns", () => {
  it("stand together", () => {
    expect(chooseValue("", "camera", "front", "in")).toBe("camera = front");
    expect(chooseValue("camera = front", "camera", "rear", "in")).toBe("camera in (front, rear)");
    expect(chooseValue("camera in (front, rear)", "camera", "front", null)).toBe("camera = rear");
    expect(chooseValue("camera = front", "camera", "front", "out")).toBe("not camera = front");
    expect(chooseValue("tag = a", "tag", "b c", "out")).toBe('tag = a and not tag = "b c"');
    expect(chooseValue("camera != front", "camera", "rear", "out")).toBe("not camera in (front, rear)");
  });

  it("are seen however they are written", () => {
    const clauses = clausesOf('camera in (front, "re\\"ar") and tag != x and not tag = y');
    expect(valueChoice(clauses, "camera", 're"ar')).toBe("in");
    expect(valueChoice(clauses, "tag", "x")).toBe("out");
    expect(valueChoice(clauses, "tag", "y")).toBe("out");
    expect(valueChoice(clauses, "tag", "z")).toBe(null);
  });

  it("are quoted where they are no plain words", () => {
    expect([quote("a-b_1"), quote("a b"), quote("and"), quote('"'), quote("a..b"), quote("a\\")]).toEqual([
      "a-b_1", '"a b"', '"and"', '"\\""', '"a..b"', '"a\\\\"',
    ]);
  });
});

describe("time and place", () => {
  it("take the place of what was there", () => {
    const range = { from: Date.UTC(2026, 4, 4, 9, 30), to: Date.UTC(2026, 4, 4, 9, 45, 0, 250) };
    const text = chooseTime("has(car) and time in 2020..2021", range);
    expect(text).toBe("has(car) and time in 2026-05-04T09:30:00Z..2026-05-04T09:45:00.250Z");
    expect(timeOf(text)).toEqual(range);
    expect(chooseTime(text, null)).toBe("has(car)");
    expect(timeOf("has(car)")).toBe(null);
    const box = { south: 1, west: 2.00000049, north: 3, east: 4 };
    expect(chooseBox("in_box(5,6,7,8) and has(car)", box)).toBe("has(car) and in_box(1, 2, 3, 4)");
    expect(chooseBox("in_box(5,6,7,8)", null)).toBe("");
  });
});
