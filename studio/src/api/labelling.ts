// Labelling jobs as the API has them: those who make and review jobs ask under `/jobs`, those
// who label under `/work`. All that is known of these addresses is in this file.

import { answer, client } from "./client";

export interface PersonsBox {
  label: string;
  left: number;
  top: number;
  width: number;
  height: number;
  confidence?: number | null;
  tags?: string[];
}

export interface LabelClass {
  name: string;
  color?: string | null;
  hotkey?: string | null;
}

export type Purpose = "draw" | "verify" | "adjust";
export type JobState = "filling" | "open" | "closed" | "expired";
export type TaskState = "waiting" | "done" | "in_review" | "approved" | "corrected" | "sent_back" | "failed";
export type Review = "none" | "disagreements" | "all";

export interface Consolidation {
  iou: number;
  quorum?: number | null;
  class_aware: boolean;
  position: "mean" | "median";
}

export interface Progress {
  tasks: number;
  done: number;
  in_review: number;
  approved: number;
  corrected: number;
  sent_back: number;
  flagged: number;
  leased: number;
  failed: number;
  answers: number;
  answers_wanted: number;
  median_seconds?: number | null;
  seconds_left?: number | null;
}

export interface JobItem {
  name: string;
  purpose: Purpose;
  of?: string | null;
  state: JobState;
  labels: LabelClass[];
  workers: number;
  task_seconds: number;
  created_at: string;
  created_by: string;
  expires_at: string;
  consolidation: Consolidation;
  review: Review;
  review_below?: number | null;
  progress: Progress;
}

export interface JobDetail {
  job: JobItem;
  /** Markdown: what stands before a line `---` is short and always in sight. */
  instructions: string;
  pictures: string[];
  attribute: string;
  pre_label?: { min_confidence: number } | null;
  gold_every: number;
}

export interface MadeJob {
  job: JobItem;
  /** Frames that are not in it, as they have no anonymised copy. */
  left_out: number;
}

export interface NewJob {
  name: string;
  purpose: Purpose;
  of?: string | null;
  filter: string;
  labels: LabelClass[];
  workers: number;
  task_seconds: number;
  lifetime_days: number;
  instructions: string;
  pictures: { name: string; base64: string }[];
  pre_label: boolean;
  min_confidence: number;
  review: Review;
  review_below?: number | null;
  consolidation: Consolidation;
  /** What the label is called in manifests; the job's name where nothing is said. */
  attribute?: string | null;
  gold_filter?: string | null;
  gold_every: number;
}

export interface TaskItem {
  number: number;
  state: TaskState;
  flagged: boolean;
  answers: number;
  wanted: number;
  agreement?: number | null;
  boxes?: number | null;
  frame?: { recording: string; camera: string; sequence: number } | null;
  gold: boolean;
  width: number;
  height: number;
}

export interface TaskPage {
  total: number;
  tasks: TaskItem[];
}

export interface Member {
  answer: number;
  place: number;
  iou: number;
}

export interface MergedBox {
  label: string;
  left: number;
  top: number;
  width: number;
  height: number;
  confidence: number;
  is_tied: boolean;
  members: Member[];
}

export interface LeftOut {
  answer: number;
  place: number;
  votes: number;
  needed: number;
  nearest_iou: number;
}

export interface Verdict {
  is_good: boolean;
  comment?: string | null;
}

export interface GivenAnswer {
  assignment: number;
  worker: string;
  boxes?: PersonsBox[] | null;
  verdict?: Verdict | null;
  seconds: number;
  submitted_at: string;
  state: "submitted" | "sent_back";
}

export interface Note {
  at: string;
  author: string;
  kind: "flag" | "skip" | "sent_back" | "comment" | "settled";
  text: string;
}

export interface TaskDetail {
  task: TaskItem;
  revision: number;
  initial: PersonsBox[];
  gold?: PersonsBox[] | null;
  answers: GivenAnswer[];
  result?: { boxes: MergedBox[]; left_out: LeftOut[]; agreement: number } | null;
  judged?: { is_good: boolean; confidence: number; is_tied: boolean; comments: string[] } | null;
  decision?: { kind: string; by: string; at: string; boxes?: PersonsBox[] | null } | null;
  notes: Note[];
}

export interface Decision {
  decision: "approve" | "correct" | "send_back" | "settle_flag";
  revision: number;
  boxes?: PersonsBox[];
  worker?: string;
  comment?: string;
}

export interface WorkerStatistics {
  worker: string;
  answers: number;
  boxes: number;
  seconds: number;
  median_seconds?: number | null;
  skipped: number;
  expired: number;
  sent_back: number;
  agreement?: number | null;
  gold_score?: number | null;
  gold_answers: number;
}

export interface WorkItem {
  job: string;
  purpose: Purpose;
  /** Markdown of the short instructions. */
  short: string;
  state: JobState;
  mine_done: number;
  left_for_me: number;
  sent_back: number;
  seconds_per_task?: number | null;
  expires_at: string;
}

export interface Assignment {
  id: number;
  job: string;
  purpose: Purpose;
  number: number;
  image: string;
  width: number;
  height: number;
  labels: LabelClass[];
  boxes: PersonsBox[];
  draft?: { boxes?: PersonsBox[] | null; verdict?: Verdict | null } | null;
  revision: number;
  deadline: string;
  seconds_left: number;
  sent_back?: { comment: string; by: string } | null;
  previous?: PersonsBox[] | null;
  mine_done: number;
  left_for_me: number;
}

/** What a worker says of a task: boxes, or whether those shown are good. */
export interface GivenWork {
  boxes?: PersonsBox[];
  verdict?: Verdict;
}

export interface Submitted {
  outcome: "counted" | "already_counted" | "kept_as_draft";
  detail?: string | null;
}

interface Asked {
  params?: { path?: Record<string, unknown>; query?: Record<string, unknown> };
  body?: unknown;
  signal?: AbortSignal;
}

type Verb = "GET" | "POST" | "PUT";

// The description of the API is to have these addresses; until it has, nothing checks them.
function ask<T>(verb: Verb, path: string, asked: Asked = {}): Promise<T> {
  const untyped = client as unknown as Record<Verb, (path: string, asked: Asked) => Parameters<typeof answer<T>>[0]>;
  return answer(untyped[verb](`/api/v1${path}`, asked));
}

export interface TaskQuery {
  state?: TaskState | undefined;
  flagged?: boolean | undefined;
  order?: "number" | "worst" | undefined;
  offset?: number | undefined;
  limit?: number | undefined;
}

type Signal = AbortSignal | undefined;
const stop = (signal: Signal) => (signal === undefined ? {} : { signal });

export const labelling = {
  jobs: (signal?: Signal) => ask<JobItem[]>("GET", "/jobs", stop(signal)),
  create: (body: NewJob) => ask<MadeJob>("POST", "/jobs", { body }),
  job: (job: string, signal?: Signal) => ask<JobDetail>("GET", "/jobs/{job}", { params: { path: { job } }, ...stop(signal) }),
  setState: (job: string, state: "open" | "closed") => ask<JobItem>("POST", "/jobs/{job}/state", { params: { path: { job } }, body: { state } }),
  statistics: (job: string, signal?: Signal) => ask<WorkerStatistics[]>("GET", "/jobs/{job}/statistics", { params: { path: { job } }, ...stop(signal) }),
  tasks: (job: string, query: TaskQuery, signal?: Signal) => ask<TaskPage>("GET", "/jobs/{job}/tasks", { params: { path: { job }, query: { ...query } }, ...stop(signal) }),
  task: (job: string, number: number, signal?: Signal) => ask<TaskDetail>("GET", "/jobs/{job}/tasks/{number}", { params: { path: { job, number } }, ...stop(signal) }),
  decide: (job: string, number: number, body: Decision) => ask<TaskDetail>("POST", "/jobs/{job}/tasks/{number}/decision", { params: { path: { job, number } }, body }),
  consolidate: (job: string, body: Consolidation) => ask<JobItem>("PUT", "/jobs/{job}/consolidation", { params: { path: { job } }, body }),
  work: (signal?: Signal) => ask<WorkItem[]>("GET", "/work", stop(signal)),
  /** Nothing where there is nothing to do. */
  next: (job: string) => ask<Assignment | undefined>("POST", "/work/{job}/next", { params: { path: { job } } }),
  assignment: (id: number, signal?: Signal) => ask<Assignment>("GET", "/work/assignments/{id}", { params: { path: { id } }, ...stop(signal) }),
  saveDraft: (id: number, body: GivenWork & { base: number }) => ask<{ revision: number }>("PUT", "/work/assignments/{id}/draft", { params: { path: { id } }, body }),
  submit: (id: number, body: GivenWork & { seconds: number }) => ask<Submitted>("POST", "/work/assignments/{id}/answer", { params: { path: { id } }, body }),
  skip: (id: number, reason: string) => ask<undefined>("POST", "/work/assignments/{id}/skip", { params: { path: { id } }, body: { reason } }),
  flag: (id: number, comment: string) => ask<undefined>("POST", "/work/assignments/{id}/flag", { params: { path: { id } }, body: { comment } }),
  release: (id: number) => ask<undefined>("POST", "/work/assignments/{id}/release", { params: { path: { id } } }),
};

const at = (job: string) => `/api/v1/jobs/${encodeURIComponent(job)}`;

export const taskImageUrl = (job: string, number: number, side?: number) => `${at(job)}/tasks/${number}/image${side === undefined ? "" : `?side=${side}`}`;
export const pictureUrl = (job: string, name: string) => `${at(job)}/pictures/${encodeURIComponent(name)}`;
export const manifestUrl = (job: string, images: "anonymized" | "raw") => `${at(job)}/export?images=${images}`;
export const sheetUrl = (job: string, sample: number) => `${at(job)}/sheet?sample=${sample}`;
export const statisticsUrl = (job: string, format: "csv" | "png") => `${at(job)}/statistics?format=${format}`;
