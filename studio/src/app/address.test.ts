import { describe, expect, it } from "vitest";
import { confidenceOf, count, dateAndTime, inUtc, millis, parseAddress, viewOf, writeAddress } from "./address";

describe("addresses", () => {
  it("are views, whatever is in them", () => {
    const view = { q: 'has("traffic light") and width > 3 & 100%', conf: "0.5", show: undefined, as: "map" };
    expect(viewOf(parseAddress(writeAddress(view)))).toEqual(view);
    expect(writeAddress({ q: "", conf: undefined })).toBe("");
    expect(viewOf(parseAddress("?q=5&other=x"))).toEqual({ q: "5", conf: undefined, show: undefined, as: undefined });
  });

  it("hold confidences from 0 to 1", () => {
    expect([undefined, "0.4", "7", "-1", "x"].map((conf) => confidenceOf({ conf }))).toEqual([0, 0.4, 1, 0, 0]);
  });
});

describe("times", () => {
  it("are UTC", () => {
    expect(dateAndTime("2026-05-04T09:30:00.123456789Z")).toBe("2026-05-04 09:30:00.123");
    expect(inUtc("2026-05-04T09:30:00.123456789Z")).toBe("2026\u201105\u201104 09:30:00.123456789\u00a0UTC");
    expect(inUtc("images/2026-05-04T09_30Z.jpg")).toBe("images/2026-05-04T09_30Z.jpg");
    expect(millis("2026-05-04T09:30:00.123456789Z")).toBe(Date.UTC(2026, 4, 4, 9, 30, 0, 123));
    expect([count(1, "frame"), count(1200, "box", "boxes")]).toEqual(["1 frame", "1,200 boxes"]);
  });
});
