// What a worker is asked in the middle of a task.

import { useState } from "react";
import { Button, Dialog, TextField } from "../../components/ui";
import { Markdown, type Parts } from "../../components/markdown";
import { pictureUrl, type GivenWork, type Purpose } from "../../api/labelling";
import { count } from "../../app/address";
import { mergeBoxes } from "./boxes";
import type { Conflict } from "./drafts";
import type { Kept } from "./kept";

interface Base {
  isOpen: boolean;
  onClose: () => void;
}

export function InstructionsDialog({ isOpen, onClose, job, parts }: Base & { job: string; parts: Parts }) {
  const sourceOf = (name: string) => pictureUrl(job, name);
  return (
    <Dialog isOpen={isOpen} onClose={onClose} title="Instructions" width="wide">
      <div className="flex max-h-[68vh] flex-col gap-[14px] overflow-y-auto" tabIndex={0} role="region" aria-label="Full instructions">
        <Markdown text={parts.short} sourceOf={sourceOf} />
        {parts.full !== "" && <Markdown text={parts.full} sourceOf={sourceOf} />}
      </div>
    </Dialog>
  );
}

interface ProposalsProps extends Base {
  proposed: number;
  accepted: number;
  onAccept: () => void;
  onLeave: () => void;
}

/** Proposals that were forgotten would be lost, or counted without anybody having looked. */
export function ProposalsDialog({ isOpen, onClose, proposed, accepted, onAccept, onLeave }: ProposalsProps) {
  return (
    <Dialog
      isOpen={isOpen}
      onClose={onClose}
      title={`${count(proposed, "proposal")} neither accepted nor removed`}
      actions={
        <>
          <Button kind="quiet" onPress={onClose}>
            Look again
          </Button>
          <Button onPress={onLeave}>Leave {proposed === 1 ? "it" : "them"} out</Button>
          <Button kind="primary" autoFocus onPress={onAccept}>
            Accept and submit {accepted + proposed}
          </Button>
        </>
      }
    >
      Dashed boxes are a model's word, not yours. Accept them if all are right, or submit only {accepted === 0 ? "that there is nothing" : `the ${count(accepted, "box", "boxes")} that you drew or accepted`}.
    </Dialog>
  );
}

interface ReasonProps extends Base {
  title: string;
  about: string;
  label: string;
  verb: string;
  usual: readonly string[];
  onGive: (reason: string) => void;
}

export function ReasonDialog(props: ReasonProps) {
  return (
    <Dialog isOpen={props.isOpen} onClose={props.onClose} title={props.title}>
      <Reason {...props} />
    </Dialog>
  );
}

function Reason({ about, label, verb, usual, onGive }: ReasonProps) {
  const [reason, setReason] = useState("");
  const give = () => reason.trim() !== "" && onGive(reason.trim());
  return (
    <div className="flex flex-col gap-[12px]">
      <p>{about}</p>
      <div className="flex flex-wrap gap-[6px]">
        {usual.map((text) => (
          <Button key={text} size="small" onPress={() => onGive(text)}>
            {text}
          </Button>
        ))}
      </div>
      <TextField label={label} value={reason} onChange={setReason} onEnter={give} autoFocus placeholder="In your words" />
      <div className="flex justify-end">
        <Button kind="primary" isDisabled={reason.trim() === ""} onPress={give}>
          {verb}
        </Button>
      </div>
    </div>
  );
}

interface ConflictProps {
  conflict: Conflict;
  mine: Kept;
  purpose: Purpose;
  onSettle: (work: GivenWork, isOther: boolean) => void;
}

export function ConflictDialog({ conflict, mine, purpose, onSettle }: ConflictProps) {
  const { theirs } = conflict;
  const merged = { boxes: mergeBoxes(mine.before, mine.work.boxes ?? [], theirs.boxes ?? []) };
  const isVerify = purpose === "verify";
  return (
    <Dialog
      isOpen
      onClose={() => undefined}
      mustAnswer
      width="medium"
      title="This task was worked on in another window too"
      actions={
        <>
          <Button onPress={() => onSettle(isVerify ? theirs : { boxes: theirs.boxes ?? [] }, true)}>Take the other</Button>
          <Button onPress={() => onSettle(mine.work, false)}>Keep what is here</Button>
          {!isVerify && (
            <Button kind="primary" onPress={() => onSettle(merged, true)}>
              Merge both: {count(merged.boxes.length, "box", "boxes")}
            </Button>
          )}
        </>
      }
    >
      <div className="flex flex-col gap-[12px]">
        <p>Both are drafts of yours; none is lost until you choose.</p>
        <div className="grid grid-cols-2 gap-[10px]">
          <Version title="Here, on this page" work={mine.work} />
          <Version title="The other, kept by the studio" work={theirs} />
        </div>
      </div>
    </Dialog>
  );
}

function Version({ title, work }: { title: string; work: GivenWork }) {
  const counts = new Map<string, number>();
  for (const { label } of work.boxes ?? []) counts.set(label, (counts.get(label) ?? 0) + 1);
  return (
    <section className="rounded-[8px] border border-line bg-card p-[10px]">
      <h3 className="text-[12px] font-semibold text-ink">{title}</h3>
      {work.verdict === undefined ? (
        <p className="pt-[4px] text-[13px] text-ink">{count(work.boxes?.length ?? 0, "box", "boxes")}</p>
      ) : (
        <p className="pt-[4px] text-[13px] text-ink">
          {work.verdict.is_good ? "Good" : "Not good"}
          {work.verdict.comment != null && `: ${work.verdict.comment}`}
        </p>
      )}
      <ul className="text-[12.5px]">
        {[...counts].map(([label, number]) => (
          <li key={label}>
            {number} {label}
          </li>
        ))}
      </ul>
    </section>
  );
}
