// All datasets: the newest version of each.

import { Link, useNavigate } from "@tanstack/react-router";
import { Badge, EmptyState, ErrorState, Skeleton, Table, type Column } from "../../components/ui";
import { classColour } from "../../components/classes";
import type { DatasetSummary } from "../../api/datasets";
import { count, dateAndTime } from "../../app/address";
import { Page } from "../../app/Page";
import { useTitle } from "../../app/title";
import { CopyLine } from "./CopyLine";
import { useDatasets } from "./queries";
import { SplitBar } from "./Splits";
import { number, shortId } from "./words";

/** Classes that are named in a row. */
const MOST_CLASSES = 3;

const COLUMNS: Column<DatasetSummary>[] = [
  {
    key: "name",
    title: "Dataset",
    cell: ({ name, version, versions }) => (
      <span className="flex flex-col">
        <Link to="/datasets/$name/$version" params={{ name, version: String(version) }} search={{}} className="font-medium text-accent hover:underline">
          {name}
        </Link>
        <span className="text-[12px] whitespace-nowrap text-soft">
          version {version}
          {versions.length > 1 && `, ${versions.length - 1} before`}
        </span>
      </span>
    ),
  },
  { key: "images", title: "Images", isNumber: true, cell: ({ images }) => number(images) },
  { key: "boxes", title: "Boxes", isNumber: true, cell: ({ boxes }) => number(boxes) },
  { key: "classes", title: "Classes", cell: ({ classes }) => <Classes classes={classes} /> },
  { key: "splits", title: "Splits", width: "210px", cell: ({ splits }) => <SplitBar splits={splits} hasWords /> },
  { key: "warnings", title: "Warnings", isNumber: true, cell: ({ warnings }) => (warnings === 0 ? "0" : <Badge tone="warn" icon="alert">{warnings}</Badge>) },
  { key: "made", title: "Made", cell: ({ made_at, made_by }) => <span className="whitespace-nowrap text-soft tabular-nums" title={dateAndTime(made_at)}>{`${made_at.slice(0, 10)}, ${made_by}`}</span> },
  { key: "id", title: "Id", cell: ({ id }) => <code className="font-mono text-[12px] text-soft" title={id}>{shortId(id)}</code> },
];

export function DatasetsPage() {
  useTitle("Datasets");
  const found = useDatasets();
  const navigate = useNavigate();
  const rows = found.data?.datasets;
  return (
    <Page title="Datasets" about={rows && count(rows.length, "dataset")}>
      {found.isError ? (
        <ErrorState title="The datasets cannot be listed" onRetry={() => void found.refetch()} isRetrying={found.isFetching}>
          {found.error.message}
        </ErrorState>
      ) : rows === undefined ? (
        <Skeleton className="h-[220px]" />
      ) : (
        <Table
          label="Datasets"
          columns={COLUMNS}
          rows={rows}
          keyOf={({ name }) => name}
          onRow={({ name, version }) => void navigate({ to: "/datasets/$name/$version", params: { name, version: String(version) }, search: {} })}
          empty={<NoDatasets />}
        />
      )}
    </Page>
  );
}

function NoDatasets() {
  return (
    <EmptyState icon="layers" title="No datasets yet">
      A dataset is images and their boxes, frozen and split for training. One is made in a terminal, of labelling jobs, of a saved selection, or of files of others:
      <span className="mt-[12px] flex flex-col gap-[6px] text-left">
        <CopyLine label="of a job" text="roadloop dataset build cars --from-job my-job --split 60/20/20" />
        <CopyLine label="of files" text="roadloop dataset import coco-folder --as cars" />
      </span>
    </EmptyState>
  );
}

function Classes({ classes }: { classes: readonly string[] }) {
  return (
    <span className="flex flex-wrap items-center gap-x-[10px] gap-y-[2px] text-[12.5px]" title={classes.join(", ")}>
      {classes.slice(0, MOST_CLASSES).map((name) => (
        <span key={name} className="flex items-center gap-[5px] whitespace-nowrap">
          <span className="size-[9px] rounded-[2px] ring-1 ring-ink/20" style={{ background: classColour(name) }} />
          {name}
        </span>
      ))}
      {classes.length > MOST_CLASSES && <span className="whitespace-nowrap text-soft">{classes.length - MOST_CLASSES} more</span>}
    </span>
  );
}
