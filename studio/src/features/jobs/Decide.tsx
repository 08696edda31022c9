// What a reviewer decides about a task.

import { useState } from "react";
import { Button, Dialog, Select, TextField } from "../../components/ui";
import type { Decision, TaskDetail } from "../../api/labelling";

export type Asking = "send_back" | "settle_flag" | null;

interface DecideProps {
  detail: TaskDetail;
  isVerify: boolean;
  isBusy: boolean;
  asking: Asking;
  onAsk: (asking: Asking) => void;
  onApprove: () => void;
  onCorrect: () => void;
  onDecide: (decision: Omit<Decision, "revision">) => void;
}

export function Decide({ detail, isVerify, isBusy, asking, onAsk, onApprove, onCorrect, onDecide }: DecideProps) {
  const { task, answers } = detail;
  const isAnswered = answers.length > 0;
  return (
    <section aria-label="Your decision" className="flex flex-wrap gap-[8px] border-b border-line px-[14px] py-[11px]">
      <Button kind="primary" icon="check" isBusy={isBusy} isDisabled={!isAnswered} onPress={onApprove}>
        Approve <span className="opacity-75">A</span>
      </Button>
      {!isVerify && (
        <Button icon="edit" isDisabled={isBusy} onPress={onCorrect}>
          Correct <span className="text-soft">C</span>
        </Button>
      )}
      <Button icon="refresh" isDisabled={isBusy || !isAnswered} onPress={() => onAsk("send_back")}>
        Send back… <span className="text-soft">B</span>
      </Button>
      {task.flagged && (
        <Button icon="alert" isDisabled={isBusy} onPress={() => onAsk("settle_flag")}>
          Settle the flag… <span className="text-soft">S</span>
        </Button>
      )}
      {asking === "send_back" && <SendBack detail={detail} onClose={() => onAsk(null)} onDecide={onDecide} />}
      {asking === "settle_flag" && <Settle onClose={() => onAsk(null)} onDecide={onDecide} />}
    </section>
  );
}

function SendBack({ detail, onClose, onDecide }: { detail: TaskDetail; onClose: () => void; onDecide: DecideProps["onDecide"] }) {
  const { answers, result } = detail;
  const people = answers.map(({ worker }, place) => ({ value: worker, label: worker, detail: `${result?.left_out.filter(({ answer }) => answer === place).length ?? 0} left out` }));
  // Whose boxes came to nothing most is meant most often.
  const odd = [...(result?.left_out ?? [])].map(({ answer }) => answer);
  const first = answers.map((_, place) => odd.filter((answer) => answer === place).length).reduce((most, number, place, all) => (number > (all[most] ?? 0) ? place : most), 0);
  const [worker, setWorker] = useState(answers[first]?.worker ?? "");
  const [comment, setComment] = useState("");
  const isDone = comment.trim() !== "" && worker !== "";
  const give = () => isDone && onDecide({ decision: "send_back", worker, comment: comment.trim() });
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title="Send back"
      actions={
        <>
          <Button kind="quiet" onPress={onClose}>
            Cancel
          </Button>
          <Button kind="primary" isDisabled={!isDone} onPress={give}>
            Send back
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-[14px]">
        <Select label="To" options={people} value={worker === "" ? null : worker} onChange={setWorker} />
        <TextField label="What is to be done" value={comment} onChange={setComment} lines={3} autoFocus help="The same person does it again, with this in sight." />
      </div>
    </Dialog>
  );
}

function Settle({ onClose, onDecide }: { onClose: () => void; onDecide: DecideProps["onDecide"] }) {
  const [comment, setComment] = useState("");
  const give = () => onDecide({ decision: "settle_flag", ...(comment.trim() !== "" && { comment: comment.trim() }) });
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title="Settle the flag"
      actions={
        <>
          <Button kind="quiet" onPress={onClose}>
            Cancel
          </Button>
          <Button kind="primary" onPress={give}>
            Settle
          </Button>
        </>
      }
    >
      <TextField label="What was decided" value={comment} onChange={setComment} lines={3} autoFocus help="May be left empty. It is kept with the task." />
    </Dialog>
  );
}
