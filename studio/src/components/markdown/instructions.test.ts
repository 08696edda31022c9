import { describe, expect, it } from "vitest";
import { markOf, partsOf, pictureName } from "./instructions";

describe("instructions", () => {
  it("are short before the first line, full after it", () => {
    expect(partsOf("Draw **cars**.\n\n---\n# All of it\n---\nmore")).toEqual({ short: "Draw **cars**.", full: "# All of it\n---\nmore" });
    expect(partsOf("Draw cars.\r\n---\r\nMore")).toEqual({ short: "Draw cars.", full: "More" });
    expect(partsOf("Only this -- nothing else")).toEqual({ short: "Only this -- nothing else", full: "" });
    expect(partsOf("---\nAll")).toEqual({ short: "", full: "All" });
  });

  it("have good and bad pictures", () => {
    expect(markOf("good: tight around the car")).toEqual({ mark: "good", caption: "tight around the car" });
    expect(markOf("BAD:too wide")).toEqual({ mark: "bad", caption: "too wide" });
    expect(markOf("goodness: me")).toEqual({ mark: "plain", caption: "goodness: me" });
  });

  it("show pictures of the job and none from elsewhere", () => {
    expect(["car.png", "./car.png", "a%20car.png"].map(pictureName)).toEqual(["car.png", "car.png", "a car.png"]);
    for (const src of ["https://example.org/x.png", "//example.org/x.png", "/api/v1/me", "../x.png", "data:image/png;base64,AA", "..%2Fx.png", "%", ""]) {
      expect(pictureName(src), src).toBeNull();
    }
  });
});
