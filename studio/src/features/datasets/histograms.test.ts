import { describe, expect, it } from "vitest";
import { aspectWords, countWords, pixelWords, shareWords, trimmed } from "./histograms";

describe("bins in words", () => {
  it("lose their empty ends", () => {
    const histogram = { edges: [0, 1, 2, 4, 8, 16, 32], counts: [0, 0, 3, 0, 1, 0] };
    expect(trimmed(histogram)).toEqual({ edges: [1, 2, 4, 8, 16, 32], counts: [0, 3, 0, 1, 0] });
    expect(trimmed(histogram, true)).toEqual({ edges: [0, 1, 2, 4, 8, 16, 32], counts: [0, 0, 3, 0, 1, 0] });
    expect(trimmed({ edges: [0, 1], counts: [0] })).toEqual({ edges: [], counts: [] });
  });

  it("say what they hold", () => {
    expect(countWords({ edges: [0, 1, 50, 51], counts: [1, 2, 3] }, 50)).toEqual({ labels: ["0", "1", "50+"], titles: ["0 boxes", "1 box", "50+ boxes"] });
    expect(pixelWords({ edges: [0, 1024, 2048], counts: [1, 2] }).titles).toEqual(["0 to 1,024 px", "1,024 to 2,048 px"]);
    expect(shareWords({ edges: [2 ** -16, 0.25, 0.5], counts: [1, 2] }).labels).toEqual(["<0.01", "25", "50"]);
    expect(aspectWords({ edges: [0.125, 1, 8], counts: [1, 2] }).titles).toEqual(["1:8 to 1:1", "1:1 to 8:1"]);
  });
});
