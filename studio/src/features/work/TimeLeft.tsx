// Small words in the bars of a task: the time left, and where the draft is.

import { cx, Icon, Spinner } from "../../components/ui";
import { count } from "../../app/address";
import { clockOf, SHORT_SECONDS } from "./timer";

export function TimeLeft({ seconds }: { seconds: number }) {
  const isShort = seconds <= SHORT_SECONDS;
  return (
    <span className={cx("flex h-[24px] items-center gap-[6px] rounded-[5px] px-[7px] text-[12.5px] font-medium tabular-nums", isShort ? "bg-bad-wash text-bad" : "text-soft")}>
      <Icon name="clock" size={14} />
      <span className="sr-only">Time left: </span>
      {clockOf(seconds)}
      {/* Said once, not every second. */}
      <span role="status" className="sr-only">
        {seconds === 0 ? "The time is over" : isShort ? `Less than ${SHORT_SECONDS} seconds left` : ""}
      </span>
    </span>
  );
}

interface DraftStateProps {
  changes: number;
  isSending: boolean;
  isOffline: boolean;
}

export function DraftState({ changes, isSending, isOffline }: DraftStateProps) {
  const state = isOffline && changes > 0 ? "offline" : changes > 0 || isSending ? "saving" : "saved";
  return (
    <span data-draft={state} className={cx("flex items-center gap-[6px] px-[8px] text-[13px] whitespace-nowrap", state === "offline" ? "text-warn" : "text-soft")}>
      {state === "saving" && <Spinner size={12} />}
      {state === "offline" ? `${count(changes, "change")} kept here` : state === "saving" ? "Saving…" : "Draft saved"}
    </span>
  );
}
