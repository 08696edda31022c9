// How jobs and their tasks are spoken of.

import type { Tone } from "../../components/ui";
import type { JobItem, Progress, TaskState } from "../../api/labelling";
import { roughly } from "../work/timer";

export const PURPOSES: Record<JobItem["purpose"], string> = { draw: "draw boxes", verify: "verify", adjust: "adjust" };

export const STATES: Record<TaskState, { word: string; tone: Tone }> = {
  waiting: { word: "waiting", tone: "neutral" },
  done: { word: "done", tone: "good" },
  in_review: { word: "to review", tone: "accent" },
  approved: { word: "approved", tone: "good" },
  corrected: { word: "corrected", tone: "good" },
  sent_back: { word: "sent back", tone: "warn" },
  failed: { word: "failed", tone: "bad" },
};

export const JOB_STATES: Record<JobItem["state"], { word: string; tone: Tone }> = {
  filling: { word: "being made", tone: "neutral" },
  open: { word: "open", tone: "good" },
  closed: { word: "closed", tone: "neutral" },
  expired: { word: "expired", tone: "warn" },
};

export const REVIEWS: Record<JobItem["review"], string> = { none: "nobody reviews", disagreements: "disagreements are reviewed", all: "every task is reviewed" };

/** Those whose labels are final. */
export const finished = ({ done, approved, corrected }: Progress) => done + approved + corrected;

/** `about 2 h left`, or why nobody knows. */
export function timeLeft(progress: Progress): string {
  const { tasks, answers, answers_wanted, seconds_left } = progress;
  if (tasks === 0) return "no tasks";
  if (finished(progress) >= tasks) return "all done";
  if (answers >= answers_wanted) return "only to be reviewed";
  return seconds_left == null ? "nobody at work" : `about ${roughly(seconds_left)} left`;
}

export const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

export const percent = (value: number | null | undefined) => (value == null ? "–" : `${Math.round(value * 100)} %`);
