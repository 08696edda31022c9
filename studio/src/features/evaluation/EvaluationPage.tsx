// Models against people: how often both agree, and the boxes on which they do not.

import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useQuery, keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { classColour } from "../../components/classes";
import { EmptyState, ErrorState, Skeleton, Slider, Table, Tabs, TextField, Button } from "../../components/ui";
import { answer, client, imageUrl, type Schemas } from "../../api/client";
import { useMay } from "../../api/hooks";
import { count, frameParams } from "../../app/address";
import { Card, Page } from "../../app/Page";
import { useTitle } from "../../app/title";
import { cropOf } from "./crop";

type Patch = Schemas["Patch"];
type Score = Schemas["LabelScore"];

const route = getRouteApi("/evaluation");
const percent = (share: number | null | undefined) => (share == null ? "–" : `${(share * 100).toFixed(1)} %`);

export function EvaluationPage() {
  useTitle("Models against people");
  const { q = "" } = route.useSearch();
  const navigate = useNavigate();
  const [draft, setDraft] = useState(q);
  const [asked, setAsked] = useState({ iou: 0.5, confidence: 0.35 });
  const [drawn, setDrawn] = useState(asked);
  const [tab, setTab] = useState<"extra" | "missed">("extra");
  const evaluation = useQuery({
    queryKey: ["catalog", "evaluation", q, asked],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => answer(client.GET("/api/v1/evaluation", { params: { query: { filter: q, ...asked } }, signal })),
  });
  const found = evaluation.data;
  const patches = (verdict: string) => (found?.patches ?? []).filter((patch) => patch.verdict === verdict);
  return (
    <Page title="Models against people" about={found && `${count(found.compared, "frame")} that people looked at`}>
      <div className="mb-[16px] flex flex-wrap items-end gap-x-[24px] gap-y-[12px] rounded-[10px] border border-line bg-card p-[14px]">
        <TextField label="Only frames of a filter" value={draft} onChange={setDraft} onEnter={() => void navigate({ to: "/evaluation", search: { q: draft.trim() } })} placeholder="all" className="min-w-[240px] flex-1" />
        <Slider label="Models at least so sure" min={0} max={1} step={0.01} value={drawn.confidence} format={(value) => value.toFixed(2)} onChange={(confidence) => setDrawn({ ...drawn, confidence })} onDone={(confidence) => setAsked({ ...asked, confidence })} className="w-[200px]" />
        <Slider label="Boxes overlap at least" min={0.05} max={0.95} step={0.05} value={drawn.iou} format={(value) => value.toFixed(2)} onChange={(iou) => setDrawn({ ...drawn, iou })} onDone={(iou) => setAsked({ ...asked, iou })} className="w-[200px]" />
        <Button onPress={() => void navigate({ to: "/evaluation", search: { q: draft.trim() } })}>Compare</Button>
      </div>
      {evaluation.isError ? (
        <ErrorState title="Nothing can be compared" onRetry={() => void evaluation.refetch()}>
          <span className="font-mono text-[12px] whitespace-pre-wrap">{evaluation.error.message}</span>
        </ErrorState>
      ) : found === undefined ? (
        <Skeleton className="h-[260px]" />
      ) : found.annotated === 0 ? (
        <EmptyState icon="edit" title="Nobody has looked at any of these frames">
          Open a frame and edit its boxes: what you save is held against what models found.
        </EmptyState>
      ) : (
        <div className="flex flex-col gap-[16px]">
          <Scores labels={found.labels} />
          <Card title="Where they disagree" about={found.more_patches > 0 ? `${found.more_patches.toLocaleString("en")} more are not shown` : undefined}>
            <div className="px-[14px] pb-[14px]">
              <Tabs
                label="Where they disagree"
                selected={tab}
                onSelect={setTab}
                tabs={[
                  { key: "extra", label: "Only models say so", count: patches("extra").length, content: <Patches patches={patches("extra")} /> },
                  { key: "missed", label: "Only people say so", count: patches("missed").length, content: <Patches patches={patches("missed")} /> },
                ]}
              />
            </div>
          </Card>
        </div>
      )}
    </Page>
  );
}

function Scores({ labels }: { labels: readonly Score[] }) {
  return (
    <Table
      label="By label"
      rows={labels}
      keyOf={(score) => score.label}
      columns={[
        {
          key: "label",
          title: "Label",
          cell: (score) => (
            <span className="flex items-center gap-[8px]">
              <span className="size-[9px] rounded-[2px]" style={{ background: classColour(score.label) }} />
              {score.label}
            </span>
          ),
        },
        { key: "agreed", title: "Both", isNumber: true, cell: (score) => score.agreed.toLocaleString("en") },
        { key: "extra", title: "Only models", isNumber: true, cell: (score) => score.extra.toLocaleString("en") },
        { key: "missed", title: "Only people", isNumber: true, cell: (score) => score.missed.toLocaleString("en") },
        { key: "precision", title: "Precision", isNumber: true, cell: (score) => percent(score.precision) },
        { key: "recall", title: "Recall", isNumber: true, cell: (score) => percent(score.recall) },
      ]}
    />
  );
}

function Patches({ patches }: { patches: readonly Patch[] }) {
  const mayRaw = useMay("see_raw");
  if (patches.length === 0) return <p className="pt-[14px] text-[13px] text-soft">None.</p>;
  return (
    <ul className="grid grid-cols-[repeat(auto-fill,minmax(120px,1fr))] gap-[10px] pt-[14px]">
      {patches.map((patch, place) => {
        const crop = cropOf(patch.bbox, patch.width, patch.height);
        const which = patch.anonymized ? "anonymized" : "raw";
        const isSeen = patch.anonymized || mayRaw;
        return (
          <li key={place}>
            <Link to="/frames/$recording/$camera/$sequence" params={frameParams(patch.frame)} search={{}} className="block overflow-hidden rounded-[7px] border border-line hover:border-line-strong">
              <span className="relative block aspect-square overflow-hidden bg-sunken">
                {isSeen && <img src={imageUrl({ ...patch.frame, image: patch.image }, which, 960)} alt="" loading="lazy" className="absolute max-w-none" style={crop.image} />}
                <span aria-hidden="true" className="absolute border-2" style={{ ...crop.box, borderColor: classColour(patch.label) }} />
              </span>
              <span className="flex justify-between gap-[6px] px-[7px] py-[4px] text-[11.5px]">
                <span className="truncate">{patch.label}</span>
                <span className="text-soft tabular-nums">{patch.confidence == null ? "" : patch.confidence.toFixed(2)}</span>
              </span>
            </Link>
          </li>
        );
      })}
    </ul>
  );
}
