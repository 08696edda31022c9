import { useState } from "react";
import { Button, EmptyState, ErrorState, Skeleton, Table } from "../../components/ui";
import { dateAndTime } from "../../app/address";
import { useAudit } from "./people";

export function AuditLog() {
  const [pages, setPages] = useState<number[]>([]);
  const audit = useAudit(pages.at(-1));
  if (audit.isError) return <ErrorState title="The log cannot be read" onRetry={() => void audit.refetch()}>{audit.error.message}</ErrorState>;
  if (audit.data === undefined) return <Skeleton className="mt-[14px] h-[240px]" />;
  const oldest = audit.data.at(-1)?.id;
  return (
    <div className="flex flex-col gap-[10px] pt-[14px]">
      <Table
        label="What was done"
        rows={audit.data}
        keyOf={(line) => String(line.id)}
        columns={[
          { key: "at", title: "When", cell: (line) => <span className="whitespace-nowrap text-soft tabular-nums">{dateAndTime(line.at).slice(0, 19)}</span> },
          { key: "name", title: "Who", cell: (line) => line.name || <span className="text-faint">not logged in</span> },
          { key: "from", title: "From", cell: (line) => <span className="text-soft tabular-nums">{line.from ?? ""}</span> },
          { key: "action", title: "What", cell: (line) => line.action },
          { key: "about", title: "About", cell: (line) => <span className="wrap-anywhere">{line.about}</span> },
          { key: "outcome", title: "Outcome", cell: (line) => <span className={line.outcome === "done" ? "text-soft" : "text-warn"}>{line.outcome}</span> },
        ]}
        empty={<EmptyState icon="clock" title="Nothing was done yet" />}
      />
      <div className="flex gap-[8px]">
        <Button size="small" isDisabled={pages.length === 0} onPress={() => setPages(pages.slice(0, -1))}>
          Newer
        </Button>
        <Button size="small" isDisabled={audit.data.length < 100 || oldest === undefined} onPress={() => oldest !== undefined && setPages([...pages, oldest])}>
          Older
        </Button>
      </div>
    </div>
  );
}
