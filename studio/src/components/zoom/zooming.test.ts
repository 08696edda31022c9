import { describe, expect, it } from "vitest";
import { FITTED, MOST_ZOOM, movedBy, zoomedAt } from "./zooming";

const size = { width: 800, height: 600 };

describe("zooming", () => {
  it("keeps what is under the pointer", () => {
    const at = { x: 100, y: -50 };
    const zoom = zoomedAt(FITTED, at, 2, size);
    // What was at the pointer was at (100, -50) of the unzoomed view.
    expect(zoom.x + 100 * zoom.scale).toBeCloseTo(at.x);
    expect(zoom.y - 50 * zoom.scale).toBeCloseTo(at.y);
  });

  it("never shows what is beyond the edges, nor is smaller than the whole", () => {
    expect(zoomedAt({ scale: 2, x: 400, y: 0 }, { x: 0, y: 0 }, 0.01, size)).toEqual(FITTED);
    expect(movedBy({ scale: 2, x: 0, y: 0 }, 5000, -5000, size)).toEqual({ scale: 2, x: 400, y: -300 });
    expect(zoomedAt(FITTED, { x: 0, y: 0 }, 1e9, size).scale).toBe(MOST_ZOOM);
  });
});
