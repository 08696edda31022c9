// Questions about datasets. A version never changes, so it is asked for once; new versions and
// what became of images is asked for anew.

import { useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { datasets, SPLITS, type Closeness, type DatasetSample, type Finding, type SampleQuery, type SampleState, type Split } from "../../api/datasets";
import type { DatasetView } from "../../app/router";

const DATASETS = "datasets";
const AGAIN_MS = 15_000;
const FROZEN = { staleTime: Infinity, gcTime: 600_000 };
/** Samples that are asked for together. */
const PAGE = 200;
/** No more of those that checks name are fetched one by one. */
const MOST_NAMED = 120;

export function useDatasets() {
  return useQuery({ queryKey: [DATASETS, "list"], queryFn: ({ signal }) => datasets.list(signal), refetchInterval: AGAIN_MS });
}

/** Which versions there are is on it as well, and they become more. */
export function useCard(name: string, version: number) {
  return useQuery({ queryKey: [DATASETS, "card", name, version], queryFn: ({ signal }) => datasets.card(name, version, signal) });
}

export function useStatistics(name: string, version: number) {
  return useQuery({ queryKey: [DATASETS, "statistics", name, version], ...FROZEN, queryFn: ({ signal }) => datasets.statistics(name, version, signal) });
}

/** By the word of an address. */
export const closenessOf = ({ images }: DatasetView): Closeness => (images === "all" ? "all" : "sizes");

/** Images may change, so they may be checked again; nobody wants them all read by the way. */
const checking = (name: string, version: number, images: Closeness) => ({
  queryKey: [DATASETS, "checks", name, version, images],
  staleTime: images === "all" ? Infinity : 300_000,
  gcTime: 600_000,
  queryFn: ({ signal }: { signal: AbortSignal }) => datasets.checks(name, version, images, signal),
});

export function useChecks(name: string, version: number, view: DatasetView) {
  return useQuery(checking(name, version, closenessOf(view)));
}

export function useDiff(name: string, version: number, from: number | undefined) {
  return useQuery({ queryKey: [DATASETS, "diff", name, version, from], ...FROZEN, enabled: from !== undefined, queryFn: ({ signal }) => datasets.diff(name, version, from ?? 0, signal) });
}

export function useSample(name: string, version: number, image: string) {
  return useQuery({
    queryKey: [DATASETS, "sample", name, version, image],
    ...FROZEN,
    queryFn: async ({ signal }) => (await datasets.samples(name, version, { image, limit: 1 }, signal)).samples[0] ?? null,
  });
}

export function queryOf(view: DatasetView): SampleQuery {
  const isSplit = (text: string | undefined): text is Split => SPLITS.some((split) => split === text);
  return {
    ...(isSplit(view.split) && { split: view.split }),
    ...(view.class !== undefined && { class: view.class }),
    ...(view.state !== undefined && ["labelled", "empty", "unlabelled"].includes(view.state) && { state: view.state as SampleState }),
  };
}

export interface SampleList {
  samples: readonly DatasetSample[];
  total: number;
  isBusy: boolean;
  error: Error | null;
  /** The list as far as this place, if it is not there. */
  reach: (place: number) => void;
  again: () => void;
}

/** The samples of a view, from the first on, as many as were looked at. */
export function useSamples(name: string, version: number, view: DatasetView, isOn = true): SampleList {
  const query = queryOf(view);
  const isOfFindings = view.only === "findings";
  const found = useInfiniteQuery({
    queryKey: [DATASETS, "samples", name, version, query],
    ...FROZEN,
    enabled: isOn && !isOfFindings,
    initialPageParam: undefined as number | undefined,
    queryFn: ({ signal, pageParam }) => datasets.samples(name, version, { ...query, limit: PAGE, ...(pageParam !== undefined && { after: pageParam }) }, signal),
    getNextPageParam: (page) => page.next ?? undefined,
  });
  const ofFindings = useFoundSamples(name, version, view, isOn && isOfFindings);
  const samples = useMemo(() => found.data?.pages.flatMap((page) => page.samples) ?? [], [found.data]);
  if (isOfFindings) return ofFindings;
  return {
    samples,
    total: found.data?.pages[0]?.total ?? 0,
    isBusy: found.isPending,
    error: found.error,
    reach: (place) => {
      if (place >= samples.length && found.hasNextPage && !found.isFetching) void found.fetchNextPage();
    },
    again: () => void found.refetch(),
  };
}

/** All images that findings name, the worst finding first. */
export function namedIn(findings: readonly Finding[]): string[] {
  const names = findings.flatMap(({ examples }) => examples.flatMap(({ image, other }) => [image, other ?? ""]));
  return [...new Set(names.filter((name) => name !== ""))].slice(0, MOST_NAMED);
}

/** Those that checks name as examples: no question of the API finds them. */
function useFoundSamples(name: string, version: number, view: DatasetView, isOn: boolean): SampleList {
  const checks = useQuery({ ...checking(name, version, closenessOf(view)), enabled: isOn });
  const names = useMemo(() => (isOn ? namedIn(checks.data?.findings ?? []) : []), [checks.data, isOn]);
  const asked = useQueries({
    queries: names.map((image) => ({
      queryKey: [DATASETS, "sample", name, version, image],
      ...FROZEN,
      queryFn: async ({ signal }: { signal: AbortSignal }) => (await datasets.samples(name, version, { image, limit: 1 }, signal)).samples[0] ?? null,
    })),
  });
  const isBusy = checks.isPending || asked.some(({ isPending }) => isPending);
  const query = queryOf(view);
  const samples = asked.flatMap(({ data }) => (data == null || !isAsked(data, query) ? [] : [data]));
  return { samples, total: samples.length, isBusy, error: checks.error, reach: () => undefined, again: () => void checks.refetch() };
}

/** What the API would answer a question with, told of one sample. */
export function isAsked(sample: DatasetSample, query: SampleQuery): boolean {
  const { boxes } = sample;
  if (query.split !== undefined && sample.split !== query.split) return false;
  if (query.class !== undefined && boxes?.some((box) => box.class === query.class) !== true) return false;
  const state = boxes == null ? "unlabelled" : boxes.length === 0 ? "empty" : "labelled";
  return query.state === undefined || query.state === state;
}
