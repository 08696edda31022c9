// Labelling jobs as the API has them: those who make and review jobs ask under `/jobs`, those
// who label under `/work`. All that is known of these addresses is in this file.

import { answer, client, type Schemas } from "./client";

export type PersonsBox = Schemas["PersonsBox"];
export type LabelClass = Schemas["JobLabel"];
export type Purpose = Schemas["JobPurpose"];
export type Review = Schemas["JobReview"];
export type Consolidation = Schemas["ConsolidationItem"];
export type Progress = Schemas["JobProgress"];
export type NewJob = Schemas["NewJobAsked"];
export type Member = Schemas["MemberItem"];
export type MergedBox = Schemas["MergedItem"];
export type LeftOut = Schemas["LeftOutItem"];
export type Verdict = Schemas["VerdictItem"];
export type GivenAnswer = Schemas["GivenAnswerItem"];
export type Decision = Schemas["NewDecision"];
export type WorkerStatistics = Schemas["WorkerItem"];
export type Assignment = Schemas["AssignmentItem"];

// What the description has as texts, as their words.
type With<T, Narrow> = Omit<T, keyof Narrow> & Narrow;
export type JobState = "filling" | "open" | "closed" | "expired";
export type TaskState = "waiting" | "done" | "in_review" | "approved" | "corrected" | "sent_back" | "failed";
export type JobItem = With<Schemas["JobItem"], { state: JobState }>;
export type WorkDetail = Schemas["WorkDetail"];
export type JobDetail = With<Schemas["JobDetail"], { job: JobItem }>;
export type MadeJob = With<Schemas["MadeJob"], { job: JobItem }>;
export type TaskItem = With<Schemas["TaskItem"], { state: TaskState }>;
export type TaskPage = With<Schemas["TaskList"], { tasks: TaskItem[] }>;
export type Note = With<Schemas["NoteItem"], { kind: "flag" | "skip" | "sent_back" | "comment" | "settled" }>;
export interface Judged {
  is_good: boolean;
  confidence: number;
  is_tied: boolean;
  comments: string[];
}
export type TaskDetail = With<Schemas["TaskDetailItem"], { task: TaskItem; notes: Note[]; judged?: Judged | null }>;
export type WorkItem = With<Schemas["WorkItemItem"], { state: JobState }>;
export type Submitted = With<Schemas["AnswerDone"], { outcome: "counted" | "already_counted" | "kept_as_draft" }>;

/** What a worker says of a task: boxes, or whether those shown are good. */
export interface GivenWork {
  boxes?: PersonsBox[];
  verdict?: Verdict;
}

export interface TaskQuery {
  state?: TaskState;
  flagged?: boolean;
  order?: "number" | "worst";
  offset?: number;
  limit?: number;
}

type Signal = AbortSignal | undefined;
const stop = (signal: Signal) => (signal === undefined ? {} : { signal });
/** The same, with the words above. */
const told = <T>(asked: Promise<unknown>) => asked as Promise<T>;

export const labelling = {
  jobs: (signal?: Signal) => told<JobItem[]>(answer(client.GET("/api/v1/jobs", stop(signal)))),
  create: (body: NewJob) => told<MadeJob>(answer(client.POST("/api/v1/jobs", { body }))),
  about: (job: string, signal?: Signal) => told<WorkDetail>(answer(client.GET("/api/v1/work/{job}", { params: { path: { job } }, ...stop(signal) }))),
  job: (job: string, signal?: Signal) => told<JobDetail>(answer(client.GET("/api/v1/jobs/{job}", { params: { path: { job } }, ...stop(signal) }))),
  setState: (job: string, state: "open" | "closed") => told<JobItem>(answer(client.POST("/api/v1/jobs/{job}/state", { params: { path: { job } }, body: { state } }))),
  statistics: (job: string, signal?: Signal) => told<WorkerStatistics[]>(answer(client.GET("/api/v1/jobs/{job}/statistics", { params: { path: { job } }, ...stop(signal) }))),
  tasks: (job: string, query: TaskQuery, signal?: Signal) => told<TaskPage>(answer(client.GET("/api/v1/jobs/{job}/tasks", { params: { path: { job }, query }, ...stop(signal) }))),
  task: (job: string, number: number, signal?: Signal) => told<TaskDetail>(answer(client.GET("/api/v1/jobs/{job}/tasks/{number}", { params: { path: { job, number } }, ...stop(signal) }))),
  decide: (job: string, number: number, body: Decision) => told<TaskDetail>(answer(client.POST("/api/v1/jobs/{job}/tasks/{number}/decision", { params: { path: { job, number } }, body }))),
  consolidate: (job: string, body: Consolidation) => told<JobItem>(answer(client.PUT("/api/v1/jobs/{job}/consolidation", { params: { path: { job } }, body }))),
  work: (signal?: Signal) => told<WorkItem[]>(answer(client.GET("/api/v1/work", stop(signal)))),
  /** Nothing where there is nothing to do. */
  next: (job: string) => told<Assignment | undefined>(answer(client.POST("/api/v1/work/{job}/next", { params: { path: { job } } }))),
  assignment: (id: number, signal?: Signal) => answer(client.GET("/api/v1/work/assignments/{id}", { params: { path: { id } }, ...stop(signal) })),
  saveDraft: (id: number, body: GivenWork & { base: number }) => answer(client.PUT("/api/v1/work/assignments/{id}/draft", { params: { path: { id } }, body })),
  submit: (id: number, body: GivenWork & { seconds: number }) => told<Submitted>(answer(client.POST("/api/v1/work/assignments/{id}/answer", { params: { path: { id } }, body }))),
  skip: (id: number, reason: string) => answer(client.POST("/api/v1/work/assignments/{id}/skip", { params: { path: { id } }, body: { reason } })),
  flag: (id: number, comment: string) => answer(client.POST("/api/v1/work/assignments/{id}/flag", { params: { path: { id } }, body: { comment } })),
  release: (id: number) => answer(client.POST("/api/v1/work/assignments/{id}/release", { params: { path: { id } } })),
};

const at = (job: string) => `/api/v1/jobs/${encodeURIComponent(job)}`;

export const taskImageUrl = (job: string, number: number, side?: number) => `${at(job)}/tasks/${number}/image${side === undefined ? "" : `?side=${side}`}`;
export const pictureUrl = (job: string, name: string) => `${at(job)}/pictures/${encodeURIComponent(name)}`;
export const manifestUrl = (job: string, images: "anonymized" | "raw") => `${at(job)}/export?images=${images}`;
export const sheetUrl = (job: string, sample: number) => `${at(job)}/sheet?sample=${sample}`;
export const statisticsUrl = (job: string, format: "csv" | "png") => `${at(job)}/statistics?format=${format}`;
