import { describe, expect, it } from "vitest";
import type { FrameItem } from "../../api/client";
import { PAGE, Pages } from "./pages";

const frames = Array.from({ length: PAGE }, (_, sequence) => ({ sequence }) as FrameItem);

describe("pages", () => {
  it("give frames by their place", () => {
    const pages = new Pages();
    pages.put(2, frames);
    expect(pages.frame(2 * PAGE + 7)?.sequence).toBe(7);
    expect(pages.frame(7)).toBeUndefined();
    expect(pages.missing(PAGE - 1, 3 * PAGE)).toEqual([0, 1, 3]);
  });

  it("are forgotten, those asked for longest ago first", () => {
    const pages = new Pages();
    for (let page = 0; page < 201; page++) pages.put(page, frames);
    expect(pages.frame(0)).toBeUndefined();
    expect(pages.frame(PAGE)).toBeDefined();
    expect(pages.frame(200 * PAGE)).toBeDefined();
  });
});
