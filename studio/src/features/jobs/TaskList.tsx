// The tasks of a job as pictures: disagreements first, or in their order.

import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Badge, Button, EmptyState, ErrorState, Icon, Segmented, Select, Skeleton, Toggle } from "../../components/ui";
import { taskImageUrl, type JobItem, type TaskItem, type TaskState } from "../../api/labelling";
import { count } from "../../app/address";
import type { TaskView } from "../../app/router";
import { queryOf, useTasks } from "./queries";
import { percent, STATES } from "./words";

const PAGE = 48;

const CHOICES: { value: TaskState | "all"; label: string }[] = [
  { value: "all", label: "all states" },
  ...(["in_review", "waiting", "done", "approved", "corrected", "sent_back", "failed"] as const).map((value) => ({ value, label: STATES[value].word })),
];

export function TaskList({ job, view }: { job: JobItem; view: TaskView }) {
  const navigate = useNavigate();
  const [page, setPage] = useState(0);
  const found = useTasks(job.name, { ...queryOf(view), offset: page * PAGE, limit: PAGE });
  const set = (change: Partial<TaskView>) => {
    setPage(0);
    void navigate({ to: "/jobs/$job", params: { job: job.name }, search: { ...view, ...change }, replace: true });
  };
  const total = found.data?.total ?? 0;
  const pages = Math.max(1, Math.ceil(total / PAGE));
  return (
    <div className="flex flex-col gap-[12px]">
      <div className="flex flex-wrap items-center gap-[10px]">
        <Segmented
          label="Order"
          value={view.order === "number" ? "number" : "worst"}
          onChange={(order) => set({ order: order === "number" ? "number" : undefined })}
          options={[
            { value: "worst", label: "Disagreements, worst first" },
            { value: "number", label: "In order" },
          ]}
        />
        <Select label="State" hideLabel options={CHOICES} value={(view.state as TaskState | undefined) ?? "all"} onChange={(state) => set({ state: state === "all" ? undefined : state })} className="w-[140px]" />
        <Toggle icon="alert" isOn={view.flagged !== undefined} onChange={(isOn) => set({ flagged: isOn ? "1" : undefined })}>
          Flagged
        </Toggle>
        <span className="flex-1" />
        <span className="text-[12.5px] text-soft tabular-nums" role="status">
          {found.data && count(total, "task")}
        </span>
        {pages > 1 && (
          <span className="flex items-center gap-[6px] text-[12.5px] tabular-nums">
            <Button size="small" icon="chevronLeft" aria-label="The page before" isDisabled={page === 0} onPress={() => setPage(page - 1)}>
              {" "}
            </Button>
            {page + 1} of {pages.toLocaleString("en")}
            <Button size="small" icon="chevronRight" aria-label="The next page" isDisabled={page + 1 >= pages} onPress={() => setPage(page + 1)}>
              {" "}
            </Button>
          </span>
        )}
      </div>
      {found.isError ? (
        <ErrorState title="The tasks cannot be listed" onRetry={() => void found.refetch()} isRetrying={found.isFetching}>
          {found.error.message}
        </ErrorState>
      ) : found.data === undefined ? (
        <Skeleton className="h-[260px]" />
      ) : found.data.tasks.length === 0 ? (
        <EmptyState icon="search" title="No such task">
          Nothing of this job is in that state.
        </EmptyState>
      ) : (
        <ul aria-label="Tasks" aria-busy={found.isPlaceholderData} className="grid grid-cols-[repeat(auto-fill,minmax(190px,1fr))] gap-[12px]">
          {found.data.tasks.map((task) => (
            <li key={task.number}>
              <Tile job={job} task={task} view={view} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Tile({ job, task, view }: { job: JobItem; task: TaskItem; view: TaskView }) {
  const [isBroken, setBroken] = useState(false);
  const state = STATES[task.state];
  return (
    <Link to="/jobs/$job/tasks/$number" params={{ job: job.name, number: String(task.number) }} search={view} className="block overflow-hidden rounded-[8px] border border-line bg-card hover:border-line-strong">
      <span className="relative block bg-sunken" style={{ aspectRatio: "16 / 10" }}>
        {isBroken ? (
          <span className="grid size-full place-items-center text-[12px] text-soft">no image here</span>
        ) : (
          <img src={taskImageUrl(job.name, task.number, 320)} alt="" loading="lazy" decoding="async" onError={() => setBroken(true)} className="size-full object-cover" />
        )}
        <span className="absolute top-[6px] left-[6px] flex gap-[4px] [&>span]:bg-card!">
          {!task.gold && <Badge tone={state.tone}>{state.word}</Badge>}
          {task.flagged && (
            <Badge tone="warn" icon="alert">
              flagged
            </Badge>
          )}
          {task.gold && <Badge tone="warn">gold</Badge>}
        </span>
      </span>
      <span className="flex items-center gap-[8px] px-[9px] py-[6px] text-[12.5px] tabular-nums">
        <span className="font-medium">#{task.number}</span>
        <span className="min-w-0 flex-1 truncate text-soft">
          {task.gold ? task.answers : `${task.answers} of ${task.wanted}`}
          <span className="sr-only"> answers</span>
          {task.boxes != null && `, ${count(task.boxes, "box", "boxes")}`}
        </span>
        <span className={task.agreement != null && task.agreement < 0.8 ? "font-medium text-warn" : "text-soft"} title="Agreement">
          <span className="sr-only">agreement </span>
          {task.agreement == null ? <Icon name="clock" size={12} /> : percent(task.agreement)}
        </span>
      </span>
    </Link>
  );
}
