// Who did how much, how fast and how well.

import { EmptyState, ErrorState, Icon, Skeleton, Table, type Column } from "../../components/ui";
import { statisticsUrl, type WorkerStatistics } from "../../api/labelling";
import { LINK_BUTTON } from "../../app/Page";
import { roughly } from "../work/timer";
import { useStatistics } from "./queries";
import { percent } from "./words";

/** A number and a bar as long as it is. */
function Bar({ share, text, tone = "bg-accent" }: { share: number | null; text: string; tone?: string }) {
  return (
    <span className="flex items-center justify-end gap-[8px]">
      <span className="tabular-nums">{text}</span>
      <span aria-hidden="true" className="h-[6px] w-[72px] overflow-hidden rounded-full bg-ink/8">
        <span className={`block h-full rounded-full ${tone}`} style={{ width: `${Math.round(Math.min(1, Math.max(0, share ?? 0)) * 100)}%` }} />
      </span>
    </span>
  );
}

const toneOf = (score: number | null | undefined) => (score == null ? "bg-line" : score < 0.6 ? "bg-bad" : score < 0.8 ? "bg-warn" : "bg-good");

export function Statistics({ job }: { job: string }) {
  const found = useStatistics(job);
  const rows = found.data ?? [];
  const most = Math.max(1, ...rows.map(({ answers }) => answers));
  const columns: Column<WorkerStatistics>[] = [
    { key: "worker", title: "Who", cell: ({ worker }) => <span className="font-medium">{worker}</span> },
    { key: "answers", title: "Answers", isNumber: true, cell: ({ answers }) => <Bar share={answers / most} text={answers.toLocaleString("en")} /> },
    { key: "boxes", title: "Boxes", isNumber: true, cell: ({ boxes }) => boxes.toLocaleString("en") },
    { key: "time", title: "Usual time", isNumber: true, cell: ({ median_seconds }) => (median_seconds == null ? "–" : roughly(median_seconds)) },
    { key: "whole", title: "Altogether", isNumber: true, cell: ({ seconds }) => roughly(seconds) },
    { key: "agreement", title: "Agreement", isNumber: true, cell: ({ agreement }) => <Bar share={agreement ?? null} text={percent(agreement)} tone={toneOf(agreement)} /> },
    { key: "gold", title: "Gold", isNumber: true, cell: ({ gold_score, gold_answers }) => <Bar share={gold_score ?? null} text={gold_answers === 0 ? "–" : `${percent(gold_score)} of ${gold_answers}`} tone={toneOf(gold_score)} /> },
    { key: "skipped", title: "Skipped", isNumber: true, cell: ({ skipped }) => skipped },
    { key: "expired", title: "Too late", isNumber: true, cell: ({ expired }) => expired },
    { key: "back", title: "Sent back", isNumber: true, cell: ({ sent_back }) => sent_back },
  ];
  if (found.isError) {
    return (
      <ErrorState title="What people did cannot be shown" onRetry={() => void found.refetch()} isRetrying={found.isFetching}>
        {found.error.message}
      </ErrorState>
    );
  }
  if (found.data === undefined) return <Skeleton className="h-[160px]" />;
  return (
    <div className="flex flex-col gap-[12px]">
      <div className="flex flex-wrap items-center gap-[10px]">
        <p className="min-w-0 flex-1 text-[12.5px] text-soft">Agreement is how well somebody's boxes match what all agreed on; gold is how well they match boxes that are known. Of people with few answers it says little.</p>
        <a href={statisticsUrl(job, "csv")} download className={LINK_BUTTON.plain}>
          <Icon name="download" /> CSV
        </a>
        <a href={statisticsUrl(job, "png")} target="_blank" rel="noreferrer" className={LINK_BUTTON.plain}>
          <Icon name="chart" /> Picture
        </a>
      </div>
      <Table label="Who did what" columns={columns} rows={rows} keyOf={({ worker }) => worker} empty={<EmptyState icon="user" title="Nobody has answered yet">As soon as somebody has, they are here.</EmptyState>} />
    </div>
  );
}
