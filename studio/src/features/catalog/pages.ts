// The frames of a filter, page by page as the grid shows them. What was shown last is kept;
// of a million frames some thousands are.

import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { FrameItem } from "../../api/client";
import { framePage, GRID_PAGE } from "../../api/hooks";

export const PAGE = GRID_PAGE;

/** Pages that are kept: some twelve thousand frames. */
const KEPT_PAGES = 200;

/** Pages of a filter by their number, those asked for longest ago first. */
export class Pages {
  private readonly pages = new Map<number, readonly FrameItem[]>();

  frame(index: number): FrameItem | undefined {
    return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  put(page: number, frames: readonly FrameItem[]): void {
    this.pages.delete(page);
    this.pages.set(page, frames);
    while (this.pages.size > KEPT_PAGES) {
      const oldest = this.pages.keys().next().value;
      if (oldest === undefined) return;
      this.pages.delete(oldest);
    }
  }

  /** The pages with frames from one place to another that are not there. */
  missing(first: number, last: number): number[] {
    const missing: number[] = [];
    for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page++) {
      if (!this.pages.has(page)) missing.push(page);
    }
    return missing;
  }
}

/** `state` names the catalog as it is now: with another one all is asked anew. */
export function usePages(filter: string, state: string | undefined) {
  const queries = useQueryClient();
  const pages = useMemo(() => new Pages(), [filter, state]);
  const [, setVersion] = useState(0);
  const asked = useRef({ pages, numbers: new Set<number>() });
  const visible = useRef<[number, number]>([0, PAGE - 1]);

  const ask = useCallback(
    (first: number, last: number) => {
      visible.current = [first, last];
      if (state === undefined) return;
      if (asked.current.pages !== pages) asked.current = { pages, numbers: new Set() };
      const { numbers } = asked.current;
      for (const page of pages.missing(first, last)) {
        if (numbers.has(page)) continue;
        numbers.add(page);
        queries.fetchQuery(framePage(filter, page * PAGE, PAGE)).then(
          ({ frames }) => {
            pages.put(page, frames);
            setVersion((version) => version + 1);
          },
          // Asked again when it is next in sight.
          () => undefined,
        ).finally(() => numbers.delete(page));
      }
    },
    [filter, pages, queries, state],
  );
  useEffect(() => ask(...visible.current), [ask]);
  const frame = useCallback((index: number) => pages.frame(index), [pages]);
  return { frame, ask };
}
