// What has to be said above the image: who sent it back, that nobody answers, that the time
// is over.

import type { ReactNode } from "react";
import { Button, cx, Icon, type IconName } from "../../components/ui";
import { count } from "../../app/address";
import type { OutboxState } from "./outbox";

interface NoticesProps {
  out: OutboxState;
  sentBack: { comment: string; by: string } | null;
  isOver: boolean;
  onNext: () => void;
}

export function Notices({ out, sentBack, isOver, onNext }: NoticesProps) {
  return (
    <>
      {sentBack !== null && (
        <Notice icon="refresh" tone="warn" label="Sent back to you">
          <p className="text-[13.5px] text-ink">
            <b className="font-semibold">{sentBack.by} sent this back to you:</b> {sentBack.comment}
          </p>
        </Notice>
      )}
      {out.isOffline && (
        <Notice icon="alert" tone="warn" label="Offline" isLive>
          <p>{out.changes === 0 ? "Offline: the studio does not answer. What you draw is kept here." : `Offline: kept here, ${count(out.changes, "change")} ${out.changes === 1 ? "waits" : "wait"}. It is sent as soon as the studio answers.`}</p>
        </Notice>
      )}
      {!out.isOffline && out.problem !== null && !isOver && (
        <Notice icon="alert" tone="bad" label="Not saved" isLive>
          <p>{out.problem}</p>
        </Notice>
      )}
      {isOver && (
        <Notice icon="clock" tone="bad" label="Time is over" isLive>
          <p className="flex-1">Your time for this task is over, and it may go to somebody else. What you did is kept as a draft, should it come back to you.</p>
          <Button size="small" kind="primary" autoFocus onPress={onNext}>
            Next task
          </Button>
        </Notice>
      )}
    </>
  );
}

interface NoticeProps {
  icon: IconName;
  tone: "warn" | "bad";
  label: string;
  isLive?: boolean;
  children: ReactNode;
}

function Notice({ icon, tone, label, isLive = false, children }: NoticeProps) {
  return (
    <section aria-label={label} {...(isLive && { role: "status" })} className={cx("flex flex-wrap items-center gap-[10px] border-b px-[14px] py-[7px] text-[13px]", tone === "warn" ? "border-warn/40 bg-warn-wash text-warn" : "border-bad/40 bg-bad-wash text-bad")}>
      <Icon name={icon} />
      {children}
    </section>
  );
}
