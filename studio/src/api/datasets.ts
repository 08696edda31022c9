// Datasets as the API has them. A version is frozen: what was answered of it once holds for
// ever, but for its checks, which look at the images as they are now. All that is known of
// these addresses is in this file.

import { answer, client, type Schemas } from "./client";

export type Split = "train" | "val" | "test";
export const SPLITS: readonly Split[] = ["train", "val", "test"];

// What the description has as texts, as their words.
type With<T, Narrow> = Omit<T, keyof Narrow> & Narrow;
export type SplitCounts = Schemas["DatasetSplit"];
type OfSplits = Partial<Record<Split, SplitCounts>>;
export type DatasetSummary = With<Schemas["DatasetSummary"], { splits: OfSplits }>;
export type DatasetOrigin = With<Schemas["DatasetOrigin"], { kind: "job" | "manifest" | "selection" | "import" }>;
export type SplitSettings = With<Schemas["DatasetSplitting"], { by: "random" | "time" | "given"; group: "recording" | "day" | "none" }>;
export type DatasetCounts = With<Schemas["DatasetCounts"], { splits: OfSplits }>;
export type DatasetCard = With<Schemas["DatasetCard"], { origins: DatasetOrigin[]; split: SplitSettings; counts: DatasetCounts }>;
export type SampleBox = With<Schemas["DatasetBox"], { attributes: Record<string, boolean | number | string> }>;
export type DatasetSample = With<Schemas["DatasetSample"], { split: Split; boxes?: SampleBox[] | null }>;
export type SamplePage = With<Schemas["DatasetSamples"], { samples: DatasetSample[] }>;

export type SampleState = "labelled" | "empty" | "unlabelled";

export interface SampleQuery {
  split?: Split;
  class?: string;
  state?: SampleState;
  image?: string;
  after?: number;
  limit?: number;
}

/** How closely checks look at images: whether they are there with as many bytes, or by reading
 * them all. */
export type Closeness = "sizes" | "all";

// Checks, statistics and changes are free objects in the description: what is in them is
// written down here, as the crate of datasets writes them.

export interface FindingExample {
  /** Empty for a class that is on none. */
  image: string;
  /** A second image that has to do with it. */
  other?: string | null;
  /** Place of the box on its image, from 0 on. */
  box_number?: number | null;
  detail: string;
}

export type Severity = "error" | "warning" | "note";

export interface Finding {
  kind: string;
  severity: Severity;
  count: number;
  what: string;
  examples: FindingExample[];
}

export interface DatasetHistogram {
  /** They rise, and there is one more of them than of counts. */
  edges: number[];
  counts: number[];
}

/** Cells of a grid over the image, row by row from the top left. */
export interface DatasetHeatMap {
  columns: number;
  rows: number;
  counts: number[];
}

export interface ClassStatistics {
  name: string;
  boxes: number;
  /** With one or more. */
  images: number;
  /** Of train, val and test. */
  boxes_of_splits: number[];
  /** Below 32² pixels, as COCO has it. */
  small: number;
  /** Below 96² pixels. */
  medium: number;
  large: number;
}

export interface DatasetStatistics {
  total: SplitStatistics;
  splits: Partial<Record<Split, SplitStatistics>>;
  classes: ClassStatistics[];
  /** 0, 1, 2, … 49, and 50 or more. */
  boxes_per_image: DatasetHistogram;
  /** By the root of the area in pixels, each bin twice the last. */
  box_size_pixels: DatasetHistogram;
  /** By the share of the image's area, each bin twice the last. */
  box_size_share: DatasetHistogram;
  /** Width by height, each bin √2 times the last; the first and the last hold what is beyond. */
  aspect_ratio: DatasetHistogram;
  /** Absent where no box says how sure it is. */
  confidence?: DatasetHistogram | null;
  /** Of the middles of boxes. */
  positions: DatasetHeatMap;
  /** Of the classes with the most boxes, by their places in the list. */
  positions_of_classes: { class: number; positions: DatasetHeatMap }[];
  image_sizes: { width: number; height: number; images: number }[];
  image_sizes_in_all: number;
  groups: { name: string; images: number }[];
  groups_in_all: number;
}

export interface SplitStatistics {
  images: number;
  boxes: number;
  empty: number;
  unlabelled: number;
}

/** How many, and the first of them. */
export interface Listed<T> {
  count: number;
  examples: T[];
}

export interface BoxChanges {
  same: number;
  /** Of the same class, overlapping by a half or more. */
  moved: number;
  added: number;
  removed: number;
}

export interface DatasetDiff {
  images_added: Listed<string>;
  images_removed: Listed<string>;
  /** Into another split. */
  images_moved: Listed<{ image: string; from: Split; to: Split }>;
  /** The name is the same, the file is another. */
  images_replaced: Listed<string>;
  images_relabelled: Listed<{ image: string; boxes: BoxChanges; is_labelled_now?: boolean | null }>;
  images_unchanged: number;
  /** On images that are in both. */
  boxes: BoxChanges;
  classes: {
    added: string[];
    removed: string[];
    is_reordered: boolean;
    /** Boxes a class has now less those it had, where that is not 0. */
    boxes: Record<string, number>;
  };
}

type Signal = AbortSignal | undefined;
const stop = (signal: Signal) => (signal === undefined ? {} : { signal });
const at = (name: string, version: number) => ({ name, version });
/** The same, with the words above. */
const told = <T>(asked: Promise<unknown>) => asked as Promise<T>;

export const datasets = {
  list: (signal?: Signal) => told<{ datasets: DatasetSummary[] }>(answer(client.GET("/api/v1/datasets", stop(signal)))),
  card: (name: string, version: number, signal?: Signal) => told<DatasetCard>(answer(client.GET("/api/v1/datasets/{name}/{version}", { params: { path: at(name, version) }, ...stop(signal) }))),
  statistics: (name: string, version: number, signal?: Signal) => told<DatasetStatistics>(answer(client.GET("/api/v1/datasets/{name}/{version}/statistics", { params: { path: at(name, version) }, ...stop(signal) }))),
  checks: (name: string, version: number, images: Closeness, signal?: Signal) => told<{ findings: Finding[] }>(answer(client.GET("/api/v1/datasets/{name}/{version}/checks", { params: { path: at(name, version), query: { images } }, ...stop(signal) }))),
  samples: (name: string, version: number, query: SampleQuery, signal?: Signal) => told<SamplePage>(answer(client.GET("/api/v1/datasets/{name}/{version}/samples", { params: { path: at(name, version), query }, ...stop(signal) }))),
  diff: (name: string, version: number, from: number, signal?: Signal) => told<DatasetDiff>(answer(client.GET("/api/v1/datasets/{name}/{version}/diff", { params: { path: at(name, version), query: { from } }, ...stop(signal) }))),
};
