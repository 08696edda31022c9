// All recordings, and how far they are.

import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { EmptyState, ErrorState, ProgressBar, Skeleton, Table, type Column, type Sort } from "../../components/ui";
import type { Schemas } from "../../api/client";
import { useRecordings } from "../../api/hooks";
import { count, dateAndTime } from "../../app/address";
import { Page } from "../../app/Page";
import { useTitle } from "../../app/title";
import { duration } from "./duration";
import { Orders } from "./Orders";

type Item = Schemas["RecordingItem"];

const COLUMNS: Column<Item>[] = [
  {
    key: "recording",
    title: "Recording",
    isSortable: true,
    cell: (item) => (
      <Link to="/recordings/$recording" params={{ recording: item.recording }} className="font-medium text-accent hover:underline">
        {item.recording}
      </Link>
    ),
  },
  { key: "first_taken_at", title: "From", isSortable: true, cell: (item) => <span className="whitespace-nowrap tabular-nums">{dateAndTime(item.first_taken_at).slice(0, 19)}</span> },
  { key: "seconds", title: "Length", isNumber: true, isSortable: true, cell: (item) => duration(item.seconds) },
  { key: "cameras", title: "Cameras", isNumber: true, cell: (item) => item.cameras.length },
  { key: "frames", title: "Frames", isNumber: true, isSortable: true, cell: (item) => item.frames.toLocaleString("en") },
  { key: "looked_at", title: "Looked at", width: "130px", cell: (item) => <ProgressBar label="Frames looked at" hideLabel value={item.looked_at / Math.max(1, item.frames)} /> },
  { key: "anonymized", title: "Anonymised", width: "130px", cell: (item) => <ProgressBar label="Frames anonymised" hideLabel value={item.anonymized / Math.max(1, item.frames)} /> },
];

export function RecordingsPage() {
  useTitle("Recordings");
  const recordings = useRecordings();
  const navigate = useNavigate();
  const [sort, setSort] = useState<Sort>({ column: "first_taken_at", direction: "descending" });
  const rows = useMemo(() => {
    const rows = [...(recordings.data ?? [])];
    const value = (item: Item) => item[sort.column as "recording" | "first_taken_at" | "seconds" | "frames"];
    rows.sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0));
    return sort.direction === "descending" ? rows.reverse() : rows;
  }, [recordings.data, sort]);
  const frames = rows.reduce((sum, item) => sum + item.frames, 0);
  return (
    <Page title="Recordings" about={recordings.data && `${count(rows.length, "recording")}, ${count(frames, "frame")}`}>
      <Orders />
      {recordings.isError ? (
        <ErrorState title="The recordings cannot be listed" onRetry={() => void recordings.refetch()}>
          {recordings.error.message}
        </ErrorState>
      ) : recordings.data === undefined ? (
        <Skeleton className="h-[220px]" />
      ) : (
        <Table
          label="Recordings"
          columns={COLUMNS}
          rows={rows}
          keyOf={(item) => item.recording}
          sort={sort}
          onSort={setSort}
          onRow={(item) => void navigate({ to: "/recordings/$recording", params: { recording: item.recording } })}
          empty={
            <EmptyState icon="folder" title="No recordings yet">
              <code className="font-mono text-[12.5px]">roadloop run drive.mcap</code> in a terminal takes one in.
            </EmptyState>
          }
        />
      )}
    </Page>
  );
}
