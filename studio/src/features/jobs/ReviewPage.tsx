// One task reviewed: everybody's boxes, what they were merged to and why, and the decision.

import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { ClassColours } from "../../components/colours";
import { useShortcut } from "../../components/shell";
import { EmptyState, ErrorState, Icon, IconButton, Skeleton, toasts } from "../../components/ui";
import { labelling, taskImageUrl, type Decision, type JobDetail, type TaskDetail } from "../../api/labelling";
import { queries, useMay } from "../../api/hooks";
import { frameParams } from "../../app/address";
import { useKeysElsewhere, usePageKeys, type KeyRow } from "../../app/keys";
import { LINK_BUTTON, Page } from "../../app/Page";
import type { TaskView } from "../../app/router";
import { useTitle } from "../../app/title";
import { Decide, type Asking } from "./Decide";
import { neighbours } from "./order";
import { fetchAhead, JOBS, tryTo, useJob, useOrder, useTask } from "./queries";
import { ReviewImage, type Layers } from "./ReviewImage";
import { ReviewSide } from "./ReviewSide";

const CorrectTask = lazy(async () => ({ default: (await import("./CorrectTask")).CorrectTask }));

const route = getRouteApi("/jobs/$job/tasks/$number");

const KEYS: readonly KeyRow[] = [
  { keys: ["A"], does: "approve, and on to the next" },
  { keys: ["C"], does: "correct the boxes" },
  { keys: ["B"], does: "send back to a person" },
  { keys: ["S"], does: "settle the flag" },
  { keys: ["J", "ArrowRight"], does: "the next task of the list" },
  { keys: ["K", "ArrowLeft"], does: "the one before" },
  { keys: ["1", "9"], does: "show or hide that person's boxes" },
  { keys: ["M"], does: "show or hide the merged boxes" },
  { keys: ["+", "-"], does: "larger, smaller" },
  { keys: ["F"], does: "all of the image" },
  { keys: ["Escape"], does: "nothing selected, then back to the job" },
];

export function ReviewPage() {
  const { job, number: text } = route.useParams();
  const view = route.useSearch();
  const number = Number(text);
  useTitle(`${job} #${text}`);
  const about = useJob(job);
  const found = useTask(job, number);
  const wrong = found.error ?? about.error;
  if (wrong != null) {
    return (
      <Page title={`${job} #${text}`} actions={<Link to="/jobs/$job" params={{ job }} search={view} className={LINK_BUTTON.plain}>To the job</Link>}>
        <ErrorState title="This task cannot be shown" onRetry={() => (void found.refetch(), void about.refetch())}>
          {wrong.message}
        </ErrorState>
      </Page>
    );
  }
  if (found.data === undefined || about.data === undefined) {
    return (
      <div className="h-full p-[16px]" aria-busy="true">
        <h1 className="sr-only">{`${job} #${text}`}</h1>
        <Skeleton className="h-full" />
      </div>
    );
  }
  return <Review key={number} about={about.data} detail={found.data} number={number} view={view} />;
}

const ALL: Layers = { hidden: new Set(), hasMerged: true, hasInitial: false, hasGold: false };

function Review({ about, detail, number, view }: { about: JobDetail; detail: TaskDetail; number: number; view: TaskView }) {
  const { job } = about;
  const { task, answers } = detail;
  const navigate = useNavigate();
  const mayEdit = useMay("edit");
  const isVerify = job.purpose === "verify";
  const [layers, setLayers] = useState<Layers>(isVerify ? { ...ALL, hasInitial: true } : ALL);
  const [hovered, setHovered] = useState<string | null>(null);
  const [selected, setSelected] = useState<string | null>(null);
  const [asking, setAsking] = useState<Asking>(null);
  const [isEditing, setEditing] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [isBroken, setBroken] = useState(false);
  const order = useOrder(job.name, view, number);
  const { place, before, after } = neighbours(order.data, number);
  const active = hovered ?? selected;
  useEffect(() => {
    fetchAhead(job.name, after);
    fetchAhead(job.name, before);
  }, [after, before, job.name]);

  const go = useCallback((to: number | undefined) => to !== undefined && void navigate({ to: "/jobs/$job/tasks/$number", params: { job: job.name, number: String(to) }, search: view }), [job.name, navigate, view]);
  const back = () => void navigate({ to: "/jobs/$job", params: { job: job.name }, search: view });
  const decide = async (decision: Omit<Decision, "revision">): Promise<boolean> => {
    if (isBusy) return false;
    setBusy(true);
    setAsking(null);
    const decided = await tryTo("Nothing was decided", () => labelling.decide(job.name, number, { ...decision, revision: detail.revision }));
    setBusy(false);
    if (decided === undefined) return false;
    queries.setQueryData([JOBS, "task", job.name, number], decided);
    return true;
  };
  const approve = async () => {
    if (answers.length === 0 || !(await decide({ decision: "approve" }))) return;
    if (after === undefined) toasts.show({ tone: "good", title: `#${number} is approved`, text: "It was the last of this list." });
    else go(after);
  };
  const other = async (decision: Omit<Decision, "revision">) => {
    if (await decide(decision)) toasts.show({ tone: "good", title: decision.decision === "send_back" ? `Sent back to ${decision.worker}` : "The flag is settled" });
  };

  const isOn = !isEditing;
  const mayDecide = mayEdit && isOn;
  useShortcut("a", () => void approve(), mayDecide);
  useShortcut("c", () => setEditing(true), mayDecide && !isVerify);
  useShortcut("b", () => setAsking("send_back"), mayDecide && answers.length > 0);
  useShortcut("s", () => setAsking("settle_flag"), mayDecide && task.flagged);
  useShortcut("j", () => go(after), isOn);
  useShortcut("k", () => go(before), isOn);
  useShortcut("ArrowRight", () => go(after), isOn);
  useShortcut("ArrowLeft", () => go(before), isOn);
  useShortcut("m", () => setLayers((old) => ({ ...old, hasMerged: !old.hasMerged })), isOn);
  useShortcut("Escape", () => (selected === null ? back() : setSelected(null)), isOn);
  useAnswerKeys(answers.length, isOn, (answer) =>
    setLayers((old) => {
      const hidden = new Set(old.hidden);
      if (!hidden.delete(answer)) hidden.add(answer);
      return { ...old, hidden };
    }),
  );
  usePageKeys("Reviewing", KEYS);
  useKeysElsewhere(isEditing);

  const colours = useMemo(() => new Map(job.labels.flatMap(({ name, color }) => (color == null ? [] : [[name, color] as const]))), [job.labels]);
  const image = taskImageUrl(job.name, number);
  if (isEditing) {
    return (
      <Suspense fallback={<Skeleton className="m-[16px] h-full" />}>
        <CorrectTask job={job} detail={detail} image={image} onClose={() => setEditing(false)} onSave={(boxes) => labelling.decide(job.name, number, { decision: "correct", revision: detail.revision, boxes })} />
      </Suspense>
    );
  }
  return (
    <ClassColours colours={colours}>
      <div className="flex h-full min-h-0 flex-col">
        <header className="flex min-h-[47px] flex-wrap items-center gap-x-[12px] gap-y-[6px] border-b border-line bg-card px-[14px] py-[8px]">
          <Link to="/jobs/$job" params={{ job: job.name }} search={view} className="flex items-center gap-[6px] rounded-[5px] text-[13px] text-soft hover:text-ink">
            <Icon name="chevronLeft" size={14} /> {job.name}
          </Link>
          <h1 className="text-[14px] font-semibold">
            Task <span className="tabular-nums">#{number}</span>
          </h1>
          {task.frame != null && (
            <Link to="/frames/$recording/$camera/$sequence" params={frameParams(task.frame)} search={{}} className="min-w-0 truncate rounded-[5px] text-[12.5px] text-accent hover:underline">
              {`${task.frame.recording}, ${task.frame.camera} #${task.frame.sequence}`}
            </Link>
          )}
          <span className="flex-1" />
          <span className="flex items-center gap-[4px] text-[12.5px] text-soft tabular-nums">
            <IconButton size="small" icon="chevronLeft" label="The task before" shortcut="K" isDisabled={before === undefined} onPress={() => go(before)} />
            {place === -1 ? "not in this list" : `${(place + 1).toLocaleString("en")} of ${(order.data?.length ?? 0).toLocaleString("en")}, ${view.order === "number" ? "in order" : "worst first"}`}
            <IconButton size="small" icon="chevronRight" label="The next task" shortcut="J" isDisabled={after === undefined} onPress={() => go(after)} />
          </span>
        </header>
        <div className="flex min-h-0 flex-1 max-md:flex-col max-md:overflow-y-auto">
          <div className="relative min-h-[280px] min-w-0 flex-1 bg-sunken">
            {isBroken ? (
              <EmptyState icon="shield" title="There is no image here">
                The anonymised copy is not among the frames of this studio. The boxes beside are as they were drawn.
              </EmptyState>
            ) : (
              <ReviewImage src={image} alt={`task ${number} with the boxes of ${answers.length} people`} detail={detail} layers={layers} active={active} onActive={setHovered} onSelect={setSelected} />
            )}
            <img src={image} alt="" hidden onError={() => setBroken(true)} />
          </div>
          <aside aria-label="About this task" className="w-full shrink-0 overflow-y-auto border-line bg-card max-md:border-t md:w-[340px] md:border-l">
            {mayEdit && <Decide detail={detail} isVerify={isVerify} isBusy={isBusy} asking={asking} onAsk={setAsking} onApprove={() => void approve()} onCorrect={() => setEditing(true)} onDecide={(decision) => void other(decision)} />}
            <ReviewSide detail={detail} layers={layers} onLayers={(change) => setLayers((old) => ({ ...old, ...change }))} active={active} selected={selected} onActive={setHovered} onSelect={setSelected} />
          </aside>
        </div>
      </div>
    </ClassColours>
  );
}

/** Digits for people. */
function useAnswerKeys(number: number, isOn: boolean, run: (answer: number) => void): void {
  // Always nine of them, for hooks are never more or fewer.
  for (let answer = 0; answer < 9; answer += 1) useShortcut(`${answer + 1}`, () => run(answer), isOn && answer < number);
}
