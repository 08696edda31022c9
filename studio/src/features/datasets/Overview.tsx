// The card: splits and classes in numbers, where samples are from, and how it was made.

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { IconButton, Table, type Column } from "../../components/ui";
import type { DatasetCard, DatasetOrigin } from "../../api/datasets";
import { inUtc } from "../../app/address";
import { Card } from "../../app/Page";
import { chooseValue } from "../../filter/clauses";
import { copy, CopyLine } from "./CopyLine";
import { ClassTable, SplitBar, SplitTable } from "./Splits";
import { number, ORIGINS, shortId, splitInWords } from "./words";

export function Overview({ card, onClass }: { card: DatasetCard; onClass: (name: string) => void }) {
  return (
    <div className="flex flex-col gap-[16px]">
      <Heading title="Splits" about={splitInWords(card.split)}>
        <SplitBar splits={card.counts.splits} />
        <div className="pt-[10px]">
          <SplitTable counts={card.counts} />
        </div>
      </Heading>
      <Heading title="Boxes of each class">
        <ClassTable card={card} onClass={onClass} />
      </Heading>
      <Heading title="Where it is from">
        <Origins origins={card.origins} />
      </Heading>
      <Made card={card} />
    </div>
  );
}

function Heading({ title, about, children }: { title: string; about?: string; children: ReactNode }) {
  return (
    <section>
      <header className="flex flex-wrap items-baseline gap-x-[10px] pb-[8px]">
        <h2 className="text-[13.5px] font-semibold">{title}</h2>
        {about !== undefined && <p className="text-[12.5px] text-soft">{about}</p>}
      </header>
      {children}
    </section>
  );
}

const LINK = "font-medium text-accent hover:underline";

function OriginName({ origin: { kind, name } }: { origin: DatasetOrigin }) {
  if (kind === "job") {
    return (
      <Link to="/jobs/$job" params={{ job: name }} search={{}} className={LINK}>
        {name}
      </Link>
    );
  }
  if (kind === "selection") {
    // `night@2` is the second version of `night`: the filter's word has the name alone.
    const selection = name.split("@")[0] ?? name;
    return (
      <Link to="/" search={{ q: chooseValue("", "selection", selection, "in") }} className={LINK}>
        {name}
      </Link>
    );
  }
  return <span className="font-medium wrap-anywhere">{name}</span>;
}

const ORIGIN_COLUMNS: Column<DatasetOrigin>[] = [
  {
    key: "name",
    title: "From",
    cell: (origin) => (
      <span className="flex min-w-[170px] flex-col">
        <OriginName origin={origin} />
        <span className="text-[12px] text-soft">
          {ORIGINS[origin.kind]}
          {origin.detail != null && `, ${origin.detail}`}
        </span>
      </span>
    ),
  },
  { key: "images", title: "Images", isNumber: true, cell: ({ images }) => number(images) },
  { key: "boxes", title: "Boxes", isNumber: true, cell: ({ boxes }) => number(boxes) },
  {
    key: "left",
    title: "Left out",
    cell: ({ left_out }) => {
      const reasons = Object.entries(left_out ?? {});
      if (reasons.length === 0) return <span className="text-soft">none</span>;
      return (
        <ul className="text-[12.5px]">
          {reasons.map(([reason, images]) => (
            <li key={reason}>
              <span className="font-medium tabular-nums">{number(images)}</span> <span className="text-soft">{reason}</span>
            </li>
          ))}
        </ul>
      );
    },
  },
  { key: "revision", title: "As it was", cell: ({ revision }) => (revision == null ? "" : <code className="font-mono text-[12px] text-soft" title={revision}>{revision.length > 20 ? `${revision.slice(0, 12)}…` : revision}</code>) },
];

function Origins({ origins }: { origins: readonly DatasetOrigin[] }) {
  const hasRevisions = origins.some(({ revision }) => revision != null);
  const columns = hasRevisions ? ORIGIN_COLUMNS : ORIGIN_COLUMNS.filter(({ key }) => key !== "revision");
  return <Table label="Where it is from" columns={columns} rows={origins} keyOf={(origin) => `${origin.kind} ${origin.name} ${origin.detail ?? ""}`} />;
}

function Made({ card }: { card: DatasetCard }) {
  const tables = Object.entries(card.tables);
  return (
    <Card title="How it was made">
      <dl className="p-[16px] text-[13px]">
        {card.description != null && <Fact name="About">{card.description}</Fact>}
        <Fact name="Id">
          <span className="flex items-center gap-[6px]">
            <code className="font-mono text-[12px]" title={card.id}>
              {shortId(card.id)}
            </code>
            <IconButton size="small" icon="copy" label="Copy the whole id" onPress={() => void copy(card.id)} />
            <span className="text-[12px] text-soft">the same inputs give the same</span>
          </span>
        </Fact>
        <Fact name="Made">
          {inUtc(card.made_at)} by {card.made_by}
        </Fact>
        {card.license != null && <Fact name="License">{card.license}</Fact>}
        {tables.length > 0 && <Fact name="Catalog">{tables.map(([table, version]) => `${table} ${version}`).join(", ")}</Fact>}
        <Fact name="To make it again">
          <CopyLine label="that makes it again" text={card.command} />
        </Fact>
      </dl>
    </Card>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex gap-x-[16px] border-b border-line py-[6px] last:border-b-0 max-sm:flex-col">
      <dt className="w-[130px] shrink-0 text-soft">{name}</dt>
      <dd className="min-w-0 flex-1 wrap-anywhere tabular-nums">{children}</dd>
    </div>
  );
}
