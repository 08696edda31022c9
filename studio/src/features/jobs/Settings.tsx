// What a job was made with. How boxes are merged may be changed: what is not decided yet is
// merged anew.

import { useState } from "react";
import { Button, toasts } from "../../components/ui";
import { Markdown, partsOf } from "../../components/markdown";
import { labelling, pictureUrl, type JobDetail } from "../../api/labelling";
import { useMay } from "../../api/hooks";
import { dateAndTime } from "../../app/address";
import { Card } from "../../app/Page";
import { roughly } from "../work/timer";
import { ConsolidationFields } from "./ConsolidationFields";
import { Labels } from "./JobsPage";
import { tryTo } from "./queries";
import { percent, PURPOSES, REVIEWS } from "./words";

export function Settings({ detail }: { detail: JobDetail }) {
  const { job, attribute, pre_label, gold_every, instructions } = detail;
  const mayEdit = useMay("edit");
  const [merging, setMerging] = useState(job.consolidation);
  const [isBusy, setBusy] = useState(false);
  const isChanged = JSON.stringify(merging) !== JSON.stringify(job.consolidation);
  const parts = partsOf(instructions);
  const sourceOf = (name: string) => pictureUrl(job.name, name);
  const save = async () => {
    setBusy(true);
    const saved = await tryTo("The settings were not changed", () => labelling.consolidate(job.name, merging));
    setBusy(false);
    if (saved !== undefined) toasts.show({ tone: "good", title: "Merged anew", text: "All tasks that no reviewer has decided on." });
  };
  const rows: [string, string][] = [
    ["People", `${PURPOSES[job.purpose]}${job.of != null ? ` ${job.of}` : ""}`],
    ["For each frame", `${job.workers}`],
    ["One task may take", roughly(job.task_seconds)],
    ["Review", job.review === "disagreements" && job.review_below != null ? `agreement below ${percent(job.review_below)}` : REVIEWS[job.review]],
    ["Proposals", pre_label == null ? "none" : `of models, ${pre_label.min_confidence.toFixed(2)} or surer`],
    ["Gold frames", gold_every === 0 ? "none" : `every ${gold_every} tasks`],
    ["Label attribute", attribute],
    ["Made", `${dateAndTime(job.created_at).slice(0, 16)} UTC by ${job.created_by}`],
    ["Open until", `${dateAndTime(job.expires_at).slice(0, 16)} UTC`],
  ];
  return (
    <div className="grid items-start gap-[16px] lg:grid-cols-2">
      <div className="flex flex-col gap-[16px]">
        <Card title="Settings">
          <dl className="p-[16px] text-[13px]">
            {rows.map(([what, value]) => (
              <div key={what} className="flex gap-[16px] border-b border-line py-[6px] last:border-b-0">
                <dt className="w-[130px] shrink-0 text-soft">{what}</dt>
                <dd className="min-w-0 wrap-anywhere">{value}</dd>
              </div>
            ))}
            <div className="flex gap-[16px] pt-[6px]">
              <dt className="w-[130px] shrink-0 text-soft">Labels</dt>
              <dd>
                <Labels labels={job.labels} most={50} />
              </dd>
            </div>
          </dl>
        </Card>
        {job.purpose !== "verify" && (
          <Card title="How boxes are merged" about="changes merge anew what is not decided">
            <div className="flex flex-col gap-[14px] p-[16px]">
              <ConsolidationFields value={merging} onChange={setMerging} workers={job.workers} isDisabled={!mayEdit} />
              {mayEdit && (
                <div className="flex justify-end gap-[8px]">
                  {isChanged && <Button kind="quiet" onPress={() => setMerging(job.consolidation)}>As it was</Button>}
                  <Button kind="primary" isDisabled={!isChanged} isBusy={isBusy} onPress={() => void save()}>
                    Merge anew
                  </Button>
                </div>
              )}
            </div>
          </Card>
        )}
      </div>
      <Card title="Instructions">
        <div className="flex flex-col gap-[12px] p-[16px]">
          {parts.short === "" && parts.full === "" && <p className="text-[13px] text-soft">None.</p>}
          <Markdown text={parts.short} sourceOf={sourceOf} />
          {parts.full !== "" && <hr className="border-line" />}
          {parts.full !== "" && <Markdown text={parts.full} sourceOf={sourceOf} />}
        </div>
      </Card>
    </div>
  );
}
