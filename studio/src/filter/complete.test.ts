import { describe, expect, it } from "vitest";
import { suggest, type Vocabulary } from "./complete";

const words: Vocabulary = {
  labels: [{ name: "person", count: 3000 }, { name: "car", count: 20 }, { name: "traffic light", count: 2 }],
  cameras: [{ name: "front", count: 5 }, { name: "rear", count: 4 }],
  recordings: [{ name: "drive-1a2b3c4d", count: 9 }],
  tags: [{ name: "night", count: 1 }],
  selections: ["crowds"],
  columns: [{ name: "camera", kind: "text" }, { name: "brightness", kind: "number" }],
};

/** The labels that are offered where `|` stands. */
function offered(text: string): string[] {
  const cursor = text.indexOf("|");
  return suggest(text.replace("|", ""), cursor, words)?.options.map((option) => option.label) ?? [];
}

describe("what is offered", () => {
  it("begins with what a filter can begin with", () => {
    expect(offered("|").slice(0, 3)).toEqual(["has(…)", "count(…)", "not"]);
    expect(offered("|")).toContain("brightness");
    expect(offered("br|")).toEqual(["brightness"]);
    expect(offered("has(car) and |")).toContain("has(…)");
    expect(offered("(|")).toContain("has(…)");
    expect(offered("not |")).toContain("has(…)");
  });

  it("knows labels and their conditions", () => {
    expect(offered("has(|")).toEqual(["person", "car", "traffic light"]);
    expect(offered("has(li|")).toEqual(["traffic light"]);
    expect(offered("has(traffic_|")).toEqual(["traffic light"]);
    expect(offered("has(car |")).toEqual([")", ","]);
    expect(offered("has(car, |")).toEqual(["conf >= …", "area > …"]);
    expect(offered("count(car, conf >= 0.5) |")).toEqual(["=", "!=", "<", "<=", ">", ">="]);
    expect(offered("has(car) |")).toEqual(["and", "or"]);
  });

  it("knows values", () => {
    expect(offered("camera |")).toContain("in (");
    expect(offered("camera = |")).toEqual(["front", "rear"]);
    expect(offered("camera = re|")).toEqual(["rear"]);
    expect(offered("camera in (front, |")).toEqual(["front", "rear"]);
    expect(offered("camera in (|")).toEqual(["front", "rear"]);
    expect(offered("recording = 1a|")).toEqual(["drive-1a2b3c4d"]);
    expect(offered("tod = |")).toEqual(["day", "dusk", "night"]);
    expect(offered("tag = n|")).toEqual(["night"]);
    expect(offered("selection = |")).toEqual(["crowds"]);
    expect(offered("brightness > |")).toEqual([]);
    expect(offered("camera = front |")).toEqual(["and", "or"]);
  });

  it("writes names so that they are read back", () => {
    const option = suggest("has(tr", 6, words)?.options[0];
    expect(option?.insert).toBe('"traffic light"');
  });

  it("says nothing where all is written", () => {
    expect(suggest("has(car", 7, words)).toBe(null);
    expect(offered("within(48, |")).toEqual([]);
  });
});
