// All labelling jobs, and how far they are.

import { Link, useNavigate } from "@tanstack/react-router";
import { Badge, EmptyState, ErrorState, Icon, ProgressBar, Skeleton, Table, type Column } from "../../components/ui";
import { classLook, lookOf } from "../../components/classes";
import type { JobItem, LabelClass } from "../../api/labelling";
import { useMay } from "../../api/hooks";
import { count, dateAndTime } from "../../app/address";
import { LINK_BUTTON, Page } from "../../app/Page";
import { useTitle } from "../../app/title";
import { useJobs } from "./queries";
import { finished, JOB_STATES, PURPOSES, share, timeLeft } from "./words";

const COLUMNS: Column<JobItem>[] = [
  {
    key: "name",
    title: "Job",
    cell: ({ name, purpose, of }) => (
      <span className="flex flex-col">
        <Link to="/jobs/$job" params={{ job: name }} search={{}} className="font-medium text-accent hover:underline">
          {name}
        </Link>
        <span className="text-[12px] text-soft">
          {PURPOSES[purpose]}
          {of != null && ` ${of}`}
        </span>
      </span>
    ),
  },
  { key: "labels", title: "Labels", cell: ({ labels }) => <Labels labels={labels} most={4} /> },
  {
    key: "progress",
    title: "Progress",
    width: "190px",
    cell: ({ progress }) => <ProgressBar label="Done" value={share(finished(progress), progress.tasks)} valueText={`${finished(progress).toLocaleString("en")} of ${progress.tasks.toLocaleString("en")}`} tone={finished(progress) >= progress.tasks ? "good" : "accent"} />,
  },
  { key: "review", title: "To review", isNumber: true, cell: ({ progress }) => progress.in_review.toLocaleString("en") },
  { key: "flagged", title: "Flagged", isNumber: true, cell: ({ progress }) => (progress.flagged === 0 ? "0" : <Badge tone="warn" icon="alert">{progress.flagged}</Badge>) },
  { key: "left", title: "Time left", cell: ({ progress }) => <span className="whitespace-nowrap text-soft">{timeLeft(progress)}</span> },
  { key: "state", title: "State", cell: ({ state }) => <Badge tone={JOB_STATES[state].tone}>{JOB_STATES[state].word}</Badge> },
  { key: "made", title: "Made", cell: ({ created_at, created_by }) => <span className="whitespace-nowrap text-soft tabular-nums" title={dateAndTime(created_at)}>{`${created_at.slice(0, 10)}, ${created_by}`}</span> },
];

export function JobsPage() {
  useTitle("Jobs");
  const jobs = useJobs();
  const navigate = useNavigate();
  const mayEdit = useMay("edit");
  const button = mayEdit && (
    <Link to="/jobs/new" search={{}} className={LINK_BUTTON.primary}>
      <Icon name="plus" /> New job
    </Link>
  );
  return (
    <Page title="Labelling jobs" about={jobs.data && count(jobs.data.length, "job")} actions={button}>
      {jobs.isError ? (
        <ErrorState title="The jobs cannot be listed" onRetry={() => void jobs.refetch()} isRetrying={jobs.isFetching}>
          {jobs.error.message}
        </ErrorState>
      ) : jobs.data === undefined ? (
        <Skeleton className="h-[220px]" />
      ) : (
        <Table
          label="Labelling jobs"
          columns={COLUMNS}
          rows={jobs.data}
          keyOf={({ name }) => name}
          onRow={({ name }) => void navigate({ to: "/jobs/$job", params: { job: name }, search: {} })}
          empty={
            <EmptyState icon="box" title="No jobs yet" action={button}>
              A job gives frames to people, who draw boxes on them without seeing each other's, and makes one set of all.
            </EmptyState>
          }
        />
      )}
    </Page>
  );
}

export function Labels({ labels, most }: { labels: readonly LabelClass[]; most: number }) {
  return (
    <span className="flex flex-wrap items-center gap-x-[10px] gap-y-[2px] text-[12.5px]">
      {labels.slice(0, most).map(({ name, color, hotkey }) => (
        <span key={name} className="flex items-center gap-[5px] whitespace-nowrap">
          <span className="size-[9px] rounded-[2px] ring-1 ring-ink/20" style={{ background: (lookOf(color ?? "") ?? classLook(name)).colour }} />
          {name}
          {most > 10 && hotkey != null && <span className="text-soft">({hotkey})</span>}
        </span>
      ))}
      {labels.length > most && <span className="text-soft">{labels.length - most} more</span>}
    </span>
  );
}
