// One task after the other: pulled, opened with what this browser still holds of it, given.

import { useCallback, useEffect, useRef, useState } from "react";
import { toasts } from "../../components/ui";
import { Problem } from "../../api/client";
import { labelling, type Assignment, type GivenWork } from "../../api/labelling";
import { queries } from "../../api/hooks";
import { beginsWith } from "./boxes";
import { idOf, isOurs, isSameWork } from "./drafts";
import type { Kept } from "./kept";
import type { Outbox } from "./outbox";
import { say, useOutbox, WORK } from "./useOutbox";

export type Phase =
  | { kind: "coming" }
  | { kind: "task"; assignment: Assignment; kept: Kept; at: number }
  | { kind: "nothing" }
  /** Nobody answers; whatever was given is kept here. */
  | { kind: "waiting" }
  | { kind: "problem"; message: string };

const ASK_AGAIN_MS = 3000;

export function useWork(job: string) {
  const [outbox, out] = useOutbox();
  const [phase, setPhase] = useState<Phase>({ kind: "coming" });
  const isPulling = useRef(false);

  const pull = useCallback(async () => {
    if (isPulling.current) return;
    isPulling.current = true;
    try {
      // What waits goes first: else the studio would hand out again what is answered, and with
      // a draft that is older than ours.
      await outbox.flush();
      if (outbox.answersOf(job) > 0) return setPhase({ kind: "waiting" });
      const assignment = await labelling.next(job);
      if (assignment === undefined || assignment === null) return setPhase({ kind: "nothing" });
      setPhase({ kind: "task", assignment, kept: opened(outbox, assignment), at: Date.now() });
    } catch (error) {
      const isGone = error instanceof Problem && error.status === 0;
      if (error instanceof Problem && error.status === 401) void queries.invalidateQueries({ queryKey: ["me"] });
      setPhase(isGone ? { kind: "waiting" } : { kind: "problem", message: error instanceof Error ? error.message : String(error) });
    } finally {
      isPulling.current = false;
      void queries.invalidateQueries({ queryKey: [WORK] });
    }
  }, [job, outbox]);

  useEffect(() => {
    setPhase({ kind: "coming" });
    void pull();
  }, [pull]);

  const isWaiting = phase.kind === "waiting";
  useEffect(() => {
    if (!isWaiting) return;
    const timer = setInterval(() => void pull(), ASK_AGAIN_MS);
    const back = () => void pull();
    window.addEventListener("online", back);
    return () => {
      clearInterval(timer);
      window.removeEventListener("online", back);
    };
  }, [isWaiting, pull]);

  const next = useCallback(async () => {
    setPhase({ kind: "coming" });
    await pull();
  }, [pull]);

  /** True once the task is out of the person's hands. */
  const submit = useCallback(
    async (assignment: Assignment, answer: GivenWork & { seconds: number }): Promise<boolean> => {
      const given = await outbox.submit(idOf(assignment), answer);
      if (given.kind === "refused") {
        toasts.show({ tone: "bad", title: "The answer was not taken", text: given.message });
        return false;
      }
      if (given.kind === "waiting") {
        setPhase({ kind: "waiting" });
        return true;
      }
      if (given.submitted.outcome === "kept_as_draft") say(`Task ${assignment.number}`, given);
      await next();
      return true;
    },
    [next, outbox],
  );

  const skip = useCallback(
    async (assignment: Assignment, reason: string) => {
      await labelling.skip(assignment.id, reason);
      outbox.forget(idOf(assignment));
      await next();
    },
    [next, outbox],
  );

  const release = useCallback(
    async (assignment: Assignment) => {
      await labelling.release(assignment.id);
      outbox.forget(idOf(assignment));
      await queries.invalidateQueries({ queryKey: [WORK] });
    },
    [outbox],
  );

  const settle = useCallback(
    (work: GivenWork, isOther: boolean) => {
      const kept = outbox.settle(work, isOther);
      if (kept !== undefined) setPhase((phase) => (phase.kind === "task" && idOf(phase.assignment) === kept.id ? { ...phase, kept } : phase));
    },
    [outbox],
  );

  return { phase, outbox, out, next, submit, skip, release, settle };
}

/** What the editor shows: what is here, unless the studio has something newer. */
function opened(outbox: Outbox, assignment: Assignment): Kept {
  const id = idOf(assignment);
  const boxes = beginsWith(assignment);
  const verdict = assignment.draft?.verdict;
  const theirs: GivenWork = assignment.purpose === "verify" ? { ...(verdict && { verdict }) } : { boxes };
  const here = outbox.get(id);
  const plain: Kept = { id, job: assignment.job, number: assignment.number, base: assignment.revision, before: boxes, work: theirs, sent: [], changes: 0, seconds: here?.seconds ?? 0, generation: here?.generation ?? Date.now(), answer: null, at: Date.now() };
  if (here === undefined) {
    outbox.open(plain);
    return plain;
  }
  // A draft of ours that the studio took while this answer was on its way is newer than it.
  if (here.base >= assignment.revision || isOurs(here, theirs)) {
    const changes = isSameWork(here.work, theirs) ? 0 : here.changes;
    const same = { ...here, base: Math.max(here.base, assignment.revision), changes, answer: null };
    outbox.open(same);
    return same;
  }
  if (here.changes === 0) {
    const newer = { ...plain, generation: here.generation + 1 };
    outbox.open(newer);
    return newer;
  }
  outbox.open({ ...here, answer: null });
  outbox.dispute({ id, revision: assignment.revision, theirs });
  return { ...here, answer: null };
}
