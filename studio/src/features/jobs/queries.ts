// Questions about jobs. Others work on them all the time, so they are asked again and again.

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { toasts } from "../../components/ui";
import { labelling, taskImageUrl, type TaskQuery, type TaskState } from "../../api/labelling";
import { queries } from "../../api/hooks";
import type { TaskView } from "../../app/router";

export const JOBS = "jobs";
const AGAIN_MS = 5000;

export function useJobs() {
  return useQuery({ queryKey: [JOBS, "list"], queryFn: ({ signal }) => labelling.jobs(signal), refetchInterval: AGAIN_MS });
}

export function useJob(job: string, isOn = true) {
  return useQuery({ queryKey: [JOBS, "job", job], enabled: isOn, queryFn: ({ signal }) => labelling.job(job, signal), refetchInterval: AGAIN_MS });
}

export function useStatistics(job: string) {
  return useQuery({ queryKey: [JOBS, "statistics", job], queryFn: ({ signal }) => labelling.statistics(job, signal), refetchInterval: AGAIN_MS });
}

export function useTasks(job: string, query: TaskQuery) {
  return useQuery({ queryKey: [JOBS, "tasks", job, query], placeholderData: keepPreviousData, queryFn: ({ signal }) => labelling.tasks(job, query, signal), refetchInterval: AGAIN_MS });
}

function taskQuery(job: string, number: number) {
  return { queryKey: [JOBS, "task", job, number], queryFn: ({ signal }: { signal: AbortSignal }) => labelling.task(job, number, signal) };
}

export function useTask(job: string, number: number) {
  return useQuery({ ...taskQuery(job, number), staleTime: 2000 });
}

/** The next task is there before it is gone to, its image too. */
export function fetchAhead(job: string, number: number | undefined): void {
  if (number === undefined) return;
  void queries.prefetchQuery({ ...taskQuery(job, number), staleTime: 10_000 });
  new Image().src = taskImageUrl(job, number);
}

export function queryOf(view: TaskView): TaskQuery {
  return {
    ...(view.state !== undefined && { state: view.state as TaskState }),
    ...(view.flagged !== undefined && { flagged: true }),
    order: view.order === "number" ? "number" : "worst",
  };
}

const PAGE = 200;
/** Further down nobody goes on one by one. */
const MOST_PAGES = 25;

/** The numbers of a list as it was when it was first gone through: deciding on a task does not
 * change what the next one is. */
export function useOrder(job: string, view: TaskView, number: number) {
  return useQuery({
    queryKey: ["order", job, view.state ?? "", view.flagged ?? "", view.order ?? ""],
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const numbers: number[] = [];
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const found = await labelling.tasks(job, { ...queryOf(view), offset: page * PAGE, limit: PAGE }, signal);
        numbers.push(...found.tasks.map((task) => task.number));
        // One page further than where we are, so that there is a next one.
        if (found.tasks.length === 0 || numbers.length >= found.total || numbers.slice(0, -PAGE).includes(number)) break;
      }
      return numbers;
    },
  });
}

export function forgetOrder(job: string): void {
  queries.removeQueries({ queryKey: ["order", job] });
}

/** Does something to jobs, says what went wrong, and asks anew. */
export async function tryTo<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    toasts.show({ tone: "bad", title: what, text: error instanceof Error ? error.message : String(error) });
    return undefined;
  } finally {
    await queries.invalidateQueries({ queryKey: [JOBS] });
  }
}
