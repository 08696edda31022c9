// A new labelling job: which frames, which labels, who, and what they are told.

import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { Button, Checkbox, Segmented, Select, Slider, TextField, toasts } from "../../components/ui";
import { labelling } from "../../api/labelling";
import { Problem } from "../../api/client";
import { queries } from "../../api/hooks";
import { count } from "../../app/address";
import { Card, LINK_BUTTON, Page } from "../../app/Page";
import { useTitle } from "../../app/title";
import { ConsolidationFields } from "./ConsolidationFields";
import { FramesField } from "./FramesField";
import { InstructionsField } from "./InstructionsField";
import { LabelsField } from "./LabelsField";
import { begin, problemsOf, toNewJob, type Draft } from "./newJob";
import { JOBS, useJob, useJobs } from "./queries";

const route = getRouteApi("/jobs/new");

export function NewJobPage() {
  useTitle("New job");
  const given = route.useSearch();
  const navigate = useNavigate();
  const [draft, setDraft] = useState<Draft>(() => begin(given));
  const [hasTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const jobs = useJobs().data ?? [];
  const earlier = useJob(draft.of, draft.of !== "").data;
  const set = (change: Partial<Draft>) => setDraft((old) => ({ ...old, ...change }));
  const problems = problemsOf(draft);
  const shown = hasTried ? problems : {};
  const isDraw = draft.purpose === "draw";

  // The labels of the earlier job are those of the next, until somebody adds some.
  const taken = useRef("");
  useEffect(() => {
    if (earlier === undefined || earlier.job.name !== draft.of || taken.current === draft.of) return;
    taken.current = draft.of;
    const { name, labels } = earlier.job;
    setDraft((old) => ({ ...old, labels, ...(old.name === "" && { name: `${name}-${old.purpose}`.slice(0, 63) }) }));
  }, [draft.of, earlier]);

  const make = async () => {
    setTried(true);
    setRefused(null);
    const first = Object.keys(problems)[0];
    if (first !== undefined) return document.getElementById(`job-${first}`)?.scrollIntoView({ block: "center" });
    setBusy(true);
    try {
      const { job, left_out } = await labelling.create(toNewJob(draft));
      await queries.invalidateQueries({ queryKey: [JOBS] });
      toasts.show({ tone: "good", title: `${job.name} is made`, text: left_out > 0 ? `${count(left_out, "frame")} left out: they have no anonymised copy.` : count(job.progress.tasks, "task") });
      void navigate({ to: "/jobs/$job", params: { job: job.name }, search: {} });
    } catch (error) {
      setRefused(error instanceof Problem ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Page
      title="New labelling job"
      actions={
        <Link to="/jobs" className={LINK_BUTTON.plain}>
          All jobs
        </Link>
      }
    >
      <div className="flex flex-col gap-[16px]">
        <Card title="What is asked">
          <div className="flex flex-col gap-[14px] p-[16px]">
            <div className="flex flex-wrap items-end gap-[16px]">
              <div className="flex flex-col gap-[4px]">
                <span className="text-[12px] font-medium text-soft">People</span>
                <Segmented
                  label="What people do"
                  value={draft.purpose}
                  onChange={(purpose) => set({ purpose, ...(purpose !== "draw" && { workers: 1 }) })}
                  options={[
                    { value: "draw", label: "draw boxes" },
                    { value: "verify", label: "verify an earlier job" },
                    { value: "adjust", label: "adjust an earlier job" },
                  ]}
                />
              </div>
              {!isDraw && (
                <div id="job-of">
                  <Select label="Which job" options={jobs.map(({ name }) => ({ value: name, label: name }))} value={draft.of === "" ? null : draft.of} onChange={(of) => set({ of })} className="min-w-[220px]" />
                  {shown.of !== undefined && <p className="text-[12px] text-bad">{shown.of}</p>}
                </div>
              )}
              <div id="job-name" className="min-w-[220px] flex-1">
                <TextField label="Name" value={draft.name} onChange={(name) => set({ name })} placeholder="night-crowds-1" isRequired error={draft.name === "" ? shown.name : problems.name} />
              </div>
            </div>
            {isDraw && <FramesField label="Which frames" filter={draft.filter} onFilter={(filter) => set({ filter })} />}
          </div>
        </Card>
        <Card title="Labels" about={isDraw ? "A key gives a box its label while it is drawn" : "Of the earlier job; an adjustment may add some"}>
          <div id="job-labels" className="p-[16px]">
            <LabelsField labels={draft.labels} onChange={(labels) => set({ labels })} problem={draft.labels.length === 0 ? shown.labels : problems.labels} />
          </div>
        </Card>
        <Card title="Instructions">
          <div className="p-[16px]">
            <InstructionsField instructions={draft.instructions} pictures={draft.pictures} onInstructions={(instructions) => set({ instructions })} onPictures={(pictures) => set({ pictures })} />
          </div>
        </Card>
        <Card title="People and time">
          <div className="grid gap-x-[24px] gap-y-[14px] p-[16px] sm:grid-cols-3">
            <Slider label="People for each frame" min={1} max={9} step={1} value={draft.workers} onChange={(workers) => set({ workers })} />
            <div id="job-minutes">
              <TextField label="Minutes for one task" type="number" value={draft.minutes} onChange={(minutes) => set({ minutes })} error={problems.minutes} help="Then it goes to somebody else." />
            </div>
            <div id="job-days">
              <TextField label="Days the job is open" type="number" value={draft.days} onChange={(days) => set({ days })} error={problems.days} />
            </div>
          </div>
        </Card>
        {isDraw && <Proposals draft={draft} set={set} problem={problems.gold} />}
        <Card title="From many answers to one">
          <div className="flex flex-col gap-[16px] p-[16px]">
            {draft.purpose !== "verify" && <ConsolidationFields value={draft.consolidation} onChange={(consolidation) => set({ consolidation })} workers={draft.workers} />}
            <div className="flex flex-wrap items-end gap-[20px]">
              <div className="flex flex-col gap-[4px]">
                <span className="text-[12px] font-medium text-soft">Reviewed</span>
                <Segmented
                  label="What is reviewed"
                  value={draft.review}
                  onChange={(review) => set({ review })}
                  options={[
                    { value: "none", label: "nothing" },
                    { value: "disagreements", label: "disagreements" },
                    { value: "all", label: "all" },
                  ]}
                />
              </div>
              {draft.review === "disagreements" && <Slider label="Agreement below" min={0.05} max={1} step={0.05} value={draft.reviewBelow} format={(value) => `${Math.round(value * 100)} %`} onChange={(reviewBelow) => set({ reviewBelow })} className="w-[220px]" />}
            </div>
          </div>
        </Card>
        <div className="flex flex-wrap items-center justify-end gap-[12px]">
          {refused !== null && (
            <p role="alert" className="min-w-0 flex-1 rounded-[6px] bg-bad-wash px-[10px] py-[7px] text-[12.5px] whitespace-pre-wrap text-bad">
              {refused}
            </p>
          )}
          {hasTried && Object.keys(problems).length > 0 && <p role="alert" className="text-[13px] text-bad">{Object.values(problems)[0]}</p>}
          <Button kind="primary" isBusy={isBusy} onPress={() => void make()}>
            Make the job
          </Button>
        </div>
      </div>
    </Page>
  );
}

function Proposals({ draft, set, problem }: { draft: Draft; set: (change: Partial<Draft>) => void; problem: string | undefined }) {
  return (
    <Card title="Help and measure">
      <div className="flex flex-col gap-[16px] p-[16px]">
        <div className="flex min-h-[36px] flex-wrap items-center gap-[20px]">
          <Checkbox isChecked={draft.preLabel} onChange={(preLabel) => set({ preLabel })}>
            Show what models found, to be accepted or not
          </Checkbox>
          {draft.preLabel && <Slider label="Models at least so sure" value={draft.minConfidence} format={(value) => value.toFixed(2)} onChange={(minConfidence) => set({ minConfidence })} className="w-[220px]" />}
        </div>
        <div id="job-gold" className="flex flex-wrap items-start gap-[16px]">
          <div className="min-w-[280px] flex-1">
            <FramesField label="Gold frames, whose boxes are known: people are measured by them" filter={draft.goldFilter} onFilter={(goldFilter) => set({ goldFilter })} placeholder="None. Frames whose boxes people have corrected, such as tag = gold" isNoneWhenEmpty />
          </div>
          {draft.goldFilter !== "" && <TextField label="Every so many tasks" type="number" value={draft.goldEvery} onChange={(goldEvery) => set({ goldEvery })} error={problem} className="w-[160px]" />}
        </div>
      </div>
    </Card>
  );
}
