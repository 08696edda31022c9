// Whether the boxes that are shown are good, and if not, why.

import type { RefObject } from "react";
import { Button, cx, Icon } from "../../components/ui";
import { Kbd } from "../../components/shell";
import type { Verdict } from "../../api/labelling";

interface VerdictPanelProps {
  verdict: Verdict | null;
  onVerdict: (verdict: Verdict) => void;
  commentRef: RefObject<HTMLTextAreaElement | null>;
  onSubmit: () => void;
  isDisabled: boolean;
  isBusy: boolean;
}

export function VerdictPanel({ verdict, onVerdict, commentRef, onSubmit, isDisabled, isBusy }: VerdictPanelProps) {
  const comment = verdict?.comment ?? "";
  const choice = (isGood: boolean) => (
    <button
      type="button"
      aria-pressed={verdict?.is_good === isGood}
      disabled={isDisabled}
      onClick={() => onVerdict({ is_good: isGood, comment: verdict?.comment ?? null })}
      className={cx(
        "flex h-[38px] flex-1 items-center justify-center gap-[7px] rounded-[7px] border text-[13px] font-medium disabled:opacity-45",
        verdict?.is_good !== isGood ? "border-line-strong/70 bg-raised text-ink hover:border-line-strong" : isGood ? "border-good bg-good/10 text-good" : "border-bad bg-bad-wash text-bad",
      )}
    >
      <Icon name={isGood ? "check" : "close"} /> {isGood ? "Good" : "Not good"} <Kbd keys={isGood ? "G" : "B"} />
    </button>
  );
  return (
    <section aria-label="Your verdict" className="border-b border-line p-[12px]">
      <h2 className="pb-[8px] text-[13px] font-semibold">Are these boxes good?</h2>
      <div className="flex gap-[8px]">
        {choice(true)}
        {choice(false)}
      </div>
      <label className="mt-[10px] flex flex-col gap-[4px] text-[12px] font-medium text-soft">
        {verdict?.is_good === false ? "What is wrong" : "Comment, if there is something to say"}
        <textarea
          ref={commentRef}
          rows={3}
          disabled={isDisabled}
          value={comment}
          maxLength={2000}
          onChange={(event) => onVerdict({ is_good: verdict?.is_good ?? false, comment: event.target.value === "" ? null : event.target.value })}
          onKeyDown={(event) => {
            if (event.key === "Escape") event.currentTarget.blur();
            if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
            event.preventDefault();
            onSubmit();
          }}
          className="w-full resize-y rounded-[6px] border border-line-strong/70 bg-raised px-[9px] py-[6px] text-[13px] font-normal text-ink disabled:opacity-45"
        />
      </label>
      <Button kind="primary" className="mt-[8px] w-full" isBusy={isBusy} isDisabled={isDisabled || verdict === null} onPress={onSubmit}>
        Submit <span className="opacity-75">↵</span>
      </Button>
    </section>
  );
}
