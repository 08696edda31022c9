// One task on the desk: what to do, how long there is, the editor, and the ways to be done.

import { Link, useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { BoxEditor, type EditorDeed, type SeenBoxes } from "../../components/boxeditor";
import { Button, Icon, Menu, IconButton, toasts } from "../../components/ui";
import { labelling, pictureUrl, type Verdict } from "../../api/labelling";
import { count } from "../../app/address";
import { useKeysElsewhere } from "../../app/keys";
import { Markdown, type Parts } from "../../components/markdown";
import { acceptedOf, acceptShown, classesOf, toEdit, toPersons } from "./boxes";
import { ConflictDialog, InstructionsDialog, ProposalsDialog, ReasonDialog } from "./dialogs";
import { idOf } from "./drafts";
import { Notices } from "./Notices";
import { DraftState, TimeLeft } from "./TimeLeft";
import type { Phase, useWork } from "./useWork";
import { useSecondsLeft, useStopwatch } from "./useTime";
import { VerdictPanel } from "./VerdictPanel";

interface DeskProps {
  job: string;
  phase: Phase & { kind: "task" };
  work: ReturnType<typeof useWork>;
  instructions: Parts;
  pictures: readonly string[];
}

type Open = "instructions" | "proposals" | "skip" | "flag" | null;

const SKIPS = ["Too dark or blurred to see", "The image is broken", "I do not know what is asked"];
const FLAGS = ["I am not sure about a box", "The instructions do not say", "Something private is to be seen"];

export function Desk({ job, phase, work, instructions, pictures }: DeskProps) {
  const { assignment, kept } = phase;
  const { outbox, out } = work;
  const id = idOf(assignment);
  const isVerify = assignment.purpose === "verify";
  const [seen, setSeen] = useState<SeenBoxes>({ boxes: [], proposed: [], hidden: 0 });
  const [verdict, setVerdict] = useState<Verdict | null>(kept.work.verdict ?? null);
  const [open, setOpen] = useState<Open>(null);
  const [isBusy, setBusy] = useState(false);
  const [isFlagged, setFlagged] = useState(false);
  const comment = useRef<HTMLTextAreaElement>(null);
  const navigate = useNavigate();
  const desk = useRef<HTMLDivElement>(null);
  const left = useSecondsLeft({ secondsLeft: assignment.seconds_left, at: phase.at });
  const seconds = useStopwatch(kept.seconds);
  const isOver = left === 0;
  useKeysElsewhere(true);

  // The last changes go before the time is over.
  const isNearlyOver = left <= 1;
  useEffect(() => {
    if (isNearlyOver) void outbox.flush();
  }, [isNearlyOver, outbox]);

  const onBoxes = useCallback(
    (now: SeenBoxes) => {
      setSeen(now);
      if (!isVerify) outbox.change(id, { boxes: toPersons(now.boxes) }, seconds.current());
    },
    [id, isVerify, outbox, seconds],
  );
  const judge = (next: Verdict) => {
    setVerdict(next);
    outbox.change(id, { verdict: next }, seconds.current());
  };

  const give = async (boxes: ReturnType<typeof toPersons>) => {
    if (isBusy) return;
    setBusy(true);
    setOpen(null);
    const what = isVerify ? (verdict === null ? null : { verdict }) : { boxes: acceptedOf(boxes) };
    if (what !== null) await work.submit(assignment, { ...what, seconds: seconds.current() });
    setBusy(false);
  };
  const submit = () => {
    if (isOver || open !== null || out.conflict !== null) return;
    if (isVerify && verdict === null) return void toasts.show({ title: "Good or not good?", text: "Press G or B first." });
    if (!isVerify && seen.proposed.length > 0) return setOpen("proposals");
    void give(toPersons(seen.boxes));
  };
  const tried = async (what: string, run: () => Promise<void>) => {
    setOpen(null);
    try {
      await run();
    } catch (error) {
      toasts.show({ tone: "bad", title: what, text: error instanceof Error ? error.message : String(error) });
    }
  };
  const skip = (reason: string) => tried("The task was not skipped", () => work.skip(assignment, reason));
  // Who gives a task back is not handed it again at once.
  const release = () =>
    tried("The task was not given back", async () => {
      await work.release(assignment);
      await navigate({ to: "/work" });
    });
  const flag = (text: string) =>
    tried("The task was not flagged", async () => {
      await labelling.flag(assignment.id, text);
      setFlagged(true);
      toasts.show({ tone: "good", title: "Flagged for discussion", text: "Go on with it as well as you can." });
    });

  const hasMore = instructions.full !== "" || pictures.length > 0;
  const deeds: EditorDeed[] = [
    { keys: isVerify ? ["Enter", "Mod+Enter"] : ["Mod+Enter"], does: "submit, and on to the next task", run: submit },
    ...(isVerify
      ? [
          { keys: ["g"], does: "good", run: () => !isOver && judge({ is_good: true, comment: verdict?.comment ?? null }) },
          {
            keys: ["b"],
            does: "not good: say why",
            run: () => {
              if (isOver) return;
              judge({ is_good: false, comment: verdict?.comment ?? null });
              comment.current?.focus();
            },
          },
        ]
      : []),
    { keys: ["Shift+s"], does: "skip, with a reason", run: () => setOpen("skip") },
    { keys: ["Shift+f"], does: "flag for discussion", run: () => setOpen("flag") },
    { keys: ["Shift+r"], does: "give back to the others, and stop", run: () => void release() },
    { keys: ["Shift+i"], does: "full instructions", run: () => setOpen("instructions") },
  ];

  // The boxes that this history of the editor began with: later ones are its own.
  const opened = useMemo(() => toEdit(isVerify ? assignment.boxes : (kept.work.boxes ?? []), assignment.purpose), [assignment, isVerify, kept]);
  const classes = useMemo(() => classesOf(assignment.labels), [assignment.labels]);
  const previous = useMemo(() => (assignment.previous == null ? undefined : toEdit(assignment.previous, "adjust")), [assignment.previous]);
  const accepted = seen.boxes.length - seen.proposed.length - seen.hidden;
  const submitText = isVerify ? "Submit" : seen.proposed.length > 0 ? "Submit…" : accepted === 0 ? "Submit: nothing here" : `Submit ${count(accepted, "box", "boxes")}`;
  return (
    <div ref={desk} className="flex h-full min-h-0 flex-col">
      <header className="flex min-h-[47px] flex-wrap items-center gap-x-[12px] gap-y-[6px] border-b border-line bg-card px-[14px] py-[8px]">
        <Link to="/work" className="flex items-center gap-[6px] rounded-[5px] text-[13px] text-soft hover:text-ink">
          <Icon name="chevronLeft" size={14} /> Work
        </Link>
        <h1 className="min-w-0 truncate text-[14px] font-semibold">
          {job} <span className="text-soft">#{assignment.number}</span>
        </h1>
        <span className="text-[12.5px] text-soft tabular-nums">
          {assignment.mine_done.toLocaleString("en")} done, {assignment.left_for_me.toLocaleString("en")} left for you
        </span>
        <span className="flex-1" />
        <TimeLeft seconds={left} />
        <Button size="small" icon="alert" isDisabled={isFlagged || isOver} onPress={() => setOpen("flag")}>
          {isFlagged ? "Flagged" : "Flag…"}
        </Button>
        <Button size="small" isDisabled={isOver} onPress={() => setOpen("skip")}>
          Skip…
        </Button>
        <Menu
          label="More about this task"
          placement="bottom end"
          trigger={<IconButton icon="more" label="More about this task" size="small" />}
          sections={[[{ key: "release", label: "Give back to the others", shortcut: "⇧ R", isDisabled: isOver }]]}
          onAction={() => void release()}
        />
      </header>
      {(instructions.short !== "" || hasMore) && (
        <section aria-label="Instructions" className="flex max-h-[132px] shrink-0 items-start gap-[14px] overflow-y-auto border-b border-line bg-paper px-[14px] py-[8px]" tabIndex={0}>
          <div className="min-w-0 flex-1">
            <Markdown text={instructions.short} sourceOf={(name) => pictureUrl(job, name)} />
          </div>
          {hasMore && (
            <Button size="small" icon="info" onPress={() => setOpen("instructions")}>
              Full instructions
            </Button>
          )}
        </section>
      )}
      <Notices out={out} sentBack={assignment.sent_back ?? null} isOver={isOver} onNext={() => void work.next()} />
      <div className="min-h-0 flex-1">
        <BoxEditor
          frameKey={`work ${id} ${kept.generation}`}
          imageUrl={assignment.image}
          imageWidth={assignment.width}
          imageHeight={assignment.height}
          alt={`task ${assignment.number} of ${job}`}
          boxes={opened}
          base={`${kept.generation}`}
          classes={classes}
          allowNewClasses={false}
          readOnly={isVerify || isOver}
          onSave={() => outbox.flush()}
          around={desk}
          onBoxes={onBoxes}
          deeds={deeds}
          {...(previous && !isVerify && { previousBoxes: previous })}
          {...(isVerify && { panel: <VerdictPanel verdict={verdict} onVerdict={judge} commentRef={comment} onSubmit={submit} isDisabled={isOver} isBusy={isBusy} /> })}
          saving={
            <>
              <DraftState changes={out.changes} isSending={out.isSending} isOffline={out.isOffline} />
              <Button kind="primary" isBusy={isBusy} isDisabled={isOver} onPress={submit}>
                {submitText}
              </Button>
            </>
          }
        />
      </div>
      <InstructionsDialog isOpen={open === "instructions"} onClose={() => setOpen(null)} job={job} parts={instructions} />
      <ProposalsDialog isOpen={open === "proposals"} onClose={() => setOpen(null)} proposed={seen.proposed.length} accepted={accepted} onAccept={() => void give(acceptShown(seen))} onLeave={() => void give(toPersons(seen.boxes))} />
      <ReasonDialog isOpen={open === "skip"} onClose={() => setOpen(null)} title="Skip this task" label="Why" verb="Skip" usual={SKIPS} about="It goes to somebody else." onGive={(reason) => void skip(reason)} />
      <ReasonDialog isOpen={open === "flag"} onClose={() => setOpen(null)} title="Flag for discussion" label="What about" verb="Flag" usual={FLAGS} about="A reviewer looks at it. You go on with the task." onGive={(text) => void flag(text)} />
      {out.conflict?.id === id && <ConflictDialog conflict={out.conflict} mine={outbox.get(id) ?? kept} purpose={assignment.purpose} onSettle={work.settle} />}
    </div>
  );
}
