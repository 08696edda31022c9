// Questions to the API as hooks. All of a catalog's answers are asked anew when the catalog
// changed: the event of that name says so.

import { QueryCache, QueryClient, keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { toldOf, type Order } from "./orders";
import { answer, client, Problem, rememberCsrf, type FrameName } from "./client";

export const queries: QueryClient = new QueryClient({
  // A session that is over shows the login, whatever was asked.
  queryCache: new QueryCache({
    onError: (error, query) => {
      if (error instanceof Problem && error.status === 401 && query.queryKey[0] !== "me") void queries.invalidateQueries({ queryKey: ["me"] });
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      // What is wrong with a question is wrong the second time as well.
      retry: (times, error) => times < 2 && !(error instanceof Problem && error.status >= 400 && error.status < 500),
    },
  },
});

/** Nobody answers for so long: it is said. */
const GONE_MS = 2500;

/** Whatever is known of the catalog; `me` is not. */
const CATALOG = "catalog";

export function useMe() {
  return useQuery({
    queryKey: ["me"],
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const me = await answer(client.GET("/api/v1/me", { signal }));
      rememberCsrf(me.csrf);
      return me;
    },
  });
}

export type Permission = "see" | "see_raw" | "label" | "edit" | "export" | "administer";

export function useMay(permission: Permission): boolean {
  return useMe().data?.permissions.includes(permission) ?? false;
}

export function useOverview() {
  return useQuery({
    queryKey: [CATALOG, "overview"],
    queryFn: ({ signal }) => answer(client.GET("/api/v1/overview", { signal })),
  });
}

export function useVocabulary() {
  return useQuery({
    queryKey: [CATALOG, "vocabulary"],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => answer(client.GET("/api/v1/vocabulary", { signal })),
  });
}

export function useCheckedFilter(text: string, isOn: boolean) {
  return useQuery({
    queryKey: [CATALOG, "filter", text],
    enabled: isOn,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => answer(client.GET("/api/v1/filter", { params: { query: { text } }, signal })),
  });
}

export function useCounts(filter: string, by: string, isOn = true) {
  return useQuery({
    queryKey: [CATALOG, "counts", by, filter],
    enabled: isOn,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => answer(client.GET("/api/v1/counts", { params: { query: { filter, by } }, signal })),
  });
}

export function useConfidences(filter: string) {
  return useQuery({
    queryKey: [CATALOG, "confidences", filter],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => answer(client.GET("/api/v1/confidences", { params: { query: { filter } }, signal })),
  });
}

export function useTimeline(filter: string, within: string, steps: number, isOn = true) {
  return useQuery({
    queryKey: [CATALOG, "timeline", filter, within, steps],
    enabled: isOn,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => answer(client.GET("/api/v1/timeline", { params: { query: { filter, within, steps } }, signal })),
  });
}

export function useTrack(filter: string, isOn = true) {
  return useQuery({
    queryKey: [CATALOG, "track", filter],
    enabled: isOn,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => answer(client.GET("/api/v1/track", { params: { query: { filter } }, signal })),
  });
}

/** Frames that the grid asks for together. */
export const GRID_PAGE = 60;

export function framePage(filter: string, offset: number, limit: number) {
  return {
    queryKey: [CATALOG, "frames", filter, offset, limit],
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      answer(client.GET("/api/v1/frames", { params: { query: { filter, offset, limit } }, signal })),
  };
}

export function useFrame(name: FrameName, filter: string | undefined) {
  const { recording, camera, sequence } = name;
  return useQuery({
    queryKey: [CATALOG, "frame", recording, camera, sequence, filter ?? null],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => {
      const params = { path: { recording, camera, sequence }, query: filter === undefined ? {} : { filter } };
      return answer(client.GET("/api/v1/frames/{recording}/{camera}/{sequence}", { params, signal }));
    },
  });
}

export function useLineage(name: FrameName, isOn: boolean) {
  const { recording, camera, sequence } = name;
  return useQuery({
    queryKey: [CATALOG, "lineage", recording, camera, sequence],
    enabled: isOn,
    queryFn: ({ signal }) =>
      answer(client.GET("/api/v1/frames/{recording}/{camera}/{sequence}/lineage", { params: { path: { recording, camera, sequence } }, signal })),
  });
}

export function useRecordings() {
  return useQuery({
    queryKey: [CATALOG, "recordings"],
    queryFn: ({ signal }) => answer(client.GET("/api/v1/recordings", { signal })),
  });
}

export function useRecording(recording: string) {
  return useQuery({
    queryKey: [CATALOG, "recording", recording],
    queryFn: ({ signal }) => answer(client.GET("/api/v1/recordings/{recording}", { params: { path: { recording } }, signal })),
  });
}

export function useActivity(recording: string, stepSeconds: number) {
  return useQuery({
    queryKey: [CATALOG, "activity", recording, stepSeconds],
    queryFn: ({ signal }) =>
      answer(
        client.GET("/api/v1/recordings/{recording}/activity", {
          params: { path: { recording }, query: { step_seconds: stepSeconds } },
          signal,
        }),
      ),
  });
}

export function useRisks(recording: string, isOn = true) {
  return useQuery({
    queryKey: [CATALOG, "risks", recording],
    enabled: isOn,
    queryFn: ({ signal }) =>
      answer(client.GET("/api/v1/recordings/{recording}/risks", { params: { path: { recording }, query: { limit: 100 } }, signal })),
  });
}

export function useSelections() {
  return useQuery({
    queryKey: [CATALOG, "selections"],
    queryFn: ({ signal }) => answer(client.GET("/api/v1/selections", { signal })),
  });
}

/** Asks all that is shown of the catalog anew. */
export function useCatalogChanged(): () => Promise<void> {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: [CATALOG] });
}

/** Listens for changes that others make, for as long as the page is open; and says whether
 * nobody answers any more. */
export function useLiveCatalog(): boolean {
  const queries = useQueryClient();
  const [isGone, setGone] = useState(false);
  useEffect(() => {
    let events: EventSource;
    let known: string | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    const listen = () => {
      events = new EventSource("/api/v1/events");
      events.addEventListener("catalog", (event: MessageEvent<string>) => {
        if (known !== null && known !== event.data) void queries.invalidateQueries({ queryKey: [CATALOG] });
        known = event.data;
      });
      events.addEventListener("progress", (event: MessageEvent<string>) => toldOf(JSON.parse(event.data) as Order));
      events.addEventListener("error", () => {
        // A server that is started anew is back within the time of a glance.
        timer ??= setTimeout(() => setGone(true), GONE_MS);
        // After an answer that was none, a browser does not ask again by itself.
        if (events.readyState === EventSource.CLOSED) again = setTimeout(listen, GONE_MS);
      });
      events.addEventListener("open", () => {
        if (timer === undefined) return;
        clearTimeout(timer);
        timer = undefined;
        setGone(false);
        void queries.invalidateQueries();
      });
    };
    listen();
    return () => {
      clearTimeout(timer);
      clearTimeout(again);
      events.close();
    };
  }, [queries]);
  return isGone;
}
