// One labelling job: how far it is, its tasks, who did what, and what it was told.

import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useState, type ReactNode } from "react";
import { Badge, Button, Dialog, ErrorState, Icon, Menu, ProgressBar, Select, Skeleton, Tabs } from "../../components/ui";
import { labelling, manifestUrl, sheetUrl, type JobDetail } from "../../api/labelling";
import { useMay } from "../../api/hooks";
import { Card, LINK_BUTTON, Page } from "../../app/Page";
import { useTitle } from "../../app/title";
import { roughly } from "../work/timer";
import { forgetOrder, tryTo, useJob } from "./queries";
import { Settings } from "./Settings";
import { Statistics } from "./Statistics";
import { TaskList } from "./TaskList";
import { finished, JOB_STATES, PURPOSES, share, timeLeft } from "./words";

const route = getRouteApi("/jobs/$job");

export function JobPage() {
  const { job } = route.useParams();
  const view = route.useSearch();
  useTitle(job);
  const found = useJob(job);
  const [tab, setTab] = useState<"tasks" | "people" | "settings">("tasks");
  // Who comes back here goes through the list as it is now.
  useEffect(() => forgetOrder(job), [job]);
  if (found.isError) {
    return (
      <Page title={job} actions={<Link to="/jobs" className={LINK_BUTTON.plain}>All jobs</Link>}>
        <ErrorState title="This job cannot be shown" onRetry={() => void found.refetch()} isRetrying={found.isFetching}>
          {found.error.message}
        </ErrorState>
      </Page>
    );
  }
  if (found.data === undefined) {
    return (
      <Page title={job}>
        <Skeleton className="h-[320px]" />
      </Page>
    );
  }
  const detail = found.data;
  const state = JOB_STATES[detail.job.state];
  return (
    <Page
      title={
        <span className="flex flex-wrap items-center gap-[10px]">
          {job} <Badge tone={state.tone}>{state.word}</Badge>
        </span>
      }
      about={
        <>
          {PURPOSES[detail.job.purpose]}{" "}
          {detail.job.of != null && (
            <Link to="/jobs/$job" params={{ job: detail.job.of }} search={{}} className="text-accent hover:underline">
              {detail.job.of}
            </Link>
          )}
        </>
      }
      actions={<Actions detail={detail} />}
    >
      <div className="flex flex-col gap-[16px]">
        <Progress detail={detail} />
        <Tabs
          label="About this job"
          selected={tab}
          onSelect={setTab}
          tabs={[
            { key: "tasks", label: "Tasks", count: detail.job.progress.tasks, content: <TaskList job={detail.job} view={view} /> },
            { key: "people", label: "People", content: <Statistics job={job} /> },
            { key: "settings", label: "Settings and instructions", content: <Settings detail={detail} /> },
          ]}
        />
      </div>
    </Page>
  );
}

function Progress({ detail: { job } }: { detail: JobDetail }) {
  const { progress } = job;
  const whole = finished(progress);
  const numbers: [string, ReactNode, boolean?][] = [
    ["to review", progress.in_review, progress.in_review > 0],
    ["approved", progress.approved],
    ["corrected", progress.corrected],
    ["sent back", progress.sent_back],
    ["flagged", progress.flagged, progress.flagged > 0],
    ["at work now", progress.leased],
    ["failed", progress.failed, progress.failed > 0],
    ["answers", `${progress.answers.toLocaleString("en")} of ${progress.answers_wanted.toLocaleString("en")}`],
    ["usual time", progress.median_seconds == null ? "–" : roughly(progress.median_seconds)],
  ];
  return (
    <Card>
      <div className="p-[16px]">
        <ProgressBar label="Tasks with final labels" value={share(whole, progress.tasks)} valueText={`${whole.toLocaleString("en")} of ${progress.tasks.toLocaleString("en")}, ${timeLeft(progress)}`} tone={whole >= progress.tasks ? "good" : "accent"} />
        <dl className="mt-[14px] grid grid-cols-[repeat(auto-fit,minmax(96px,1fr))] gap-[10px]">
          {numbers.map(([what, number, isLoud]) => (
            <div key={what} className="flex flex-col-reverse">
              <dt className="text-[12px] text-soft">{what}</dt>
              <dd className={`text-[16px] font-semibold tabular-nums ${isLoud === true ? "text-warn" : "text-ink"}`}>{typeof number === "number" ? number.toLocaleString("en") : number}</dd>
            </div>
          ))}
        </dl>
      </div>
    </Card>
  );
}

function Actions({ detail: { job } }: { detail: JobDetail }) {
  const navigate = useNavigate();
  const [isSheet, setSheet] = useState(false);
  const [mayEdit, mayExport, mayRaw, mayLabel] = [useMay("edit"), useMay("export"), useMay("see_raw"), useMay("label")];
  const isOpen = job.state === "open";
  const turn = () => void tryTo(isOpen ? "The job was not closed" : "The job was not opened", () => labelling.setState(job.name, isOpen ? "closed" : "open"));
  const chain = (purpose: string) => void navigate({ to: "/jobs/new", search: { of: job.name, purpose } });
  return (
    <>
      {mayLabel && isOpen && (
        <Link to="/work/$job" params={{ job: job.name }} className={LINK_BUTTON.plain}>
          <Icon name="edit" /> Work on it
        </Link>
      )}
      <Button icon="grid" onPress={() => setSheet(true)}>
        Contact sheet
      </Button>
      {mayExport && (
        <Menu
          label="Export the labels"
          placement="bottom end"
          trigger={<Button icon="download" iconAfter="chevronDown">Export manifest</Button>}
          sections={[
            [
              { key: "anonymized", label: "Of anonymised images", icon: "shield" },
              { key: "raw", label: "Of raw images, for training", icon: "eye", isDisabled: !mayRaw },
            ],
          ]}
          onAction={(images) => window.location.assign(manifestUrl(job.name, images === "raw" ? "raw" : "anonymized"))}
        />
      )}
      {mayEdit && (
        <Menu
          label="A job on this one"
          placement="bottom end"
          trigger={<Button icon="plus" iconAfter="chevronDown">Job on this</Button>}
          sections={[
            [
              { key: "verify", label: "Verify these labels", icon: "check" },
              { key: "adjust", label: "Adjust these labels", icon: "edit" },
            ],
          ]}
          onAction={chain}
        />
      )}
      {mayEdit && job.state !== "filling" && <Button onPress={turn}>{isOpen ? "Close" : "Reopen"}</Button>}
      {isSheet && <Sheet job={job.name} onClose={() => setSheet(false)} />}
    </>
  );
}

const SAMPLES = ["4", "10", "20", "40"].map((value) => ({ value, label: `${value} images` }));

function Sheet({ job, onClose }: { job: string; onClose: () => void }) {
  const [sample, setSample] = useState("10");
  const [state, setState] = useState<"coming" | "there" | "none">("coming");
  const source = sheetUrl(job, Number(sample));
  return (
    <Dialog isOpen onClose={onClose} title="Contact sheet" width="wide" actions={<a href={source} download={`${job}.png`} className={LINK_BUTTON.plain}><Icon name="download" /> Save the picture</a>}>
      <div className="flex flex-col gap-[10px]">
        <Select label="How many images" hideLabel options={SAMPLES} value={sample} onChange={(next) => (setState("coming"), setSample(next))} className="w-[140px]" />
        {state === "none" && <p role="alert">There is nothing to show yet, or no image is here.</p>}
        {state === "coming" && <Skeleton className="aspect-[1.6]" />}
        <a href={source} target="_blank" rel="noreferrer" className={state === "there" ? "" : "sr-only"}>
          <img key={source} src={source} alt={`Images of ${job} with their labels`} onLoad={() => setState("there")} onError={() => setState("none")} className="w-full rounded-[6px] border border-line" />
        </a>
      </div>
    </Dialog>
  );
}

