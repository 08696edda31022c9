// Whether anonymisation missed something: the riskiest frames first, before and after.

import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { Badge, EmptyState, ErrorState, IconButton, Select, Skeleton, cx } from "../../components/ui";
import { useShortcut } from "../../components/shell";
import { frameKey, imageUrl, type Schemas } from "../../api/client";
import { useMay, useRecordings, useRisks } from "../../api/hooks";
import { count, dateAndTime, frameParams } from "../../app/address";
import { Page } from "../../app/Page";
import { usePageKeys, type KeyRow } from "../../app/keys";
import { useTitle } from "../../app/title";
import { quote } from "../../filter/clauses";
import { Compare } from "./Compare";

type Risk = Schemas["RiskItem"];

const route = getRouteApi("/check");

const KEYS: readonly KeyRow[] = [{ keys: ["ArrowLeft", "ArrowRight"], does: "the frame before, the next one" }];

export function CheckPage() {
  useTitle("Anonymisation check");
  usePageKeys("Anonymisation check", KEYS);
  const { recording } = route.useSearch();
  const navigate = useNavigate();
  const recordings = useRecordings().data;
  const chosen = recording ?? recordings?.find((one) => one.anonymized > 0)?.recording ?? recordings?.[0]?.recording;
  return (
    <Page
      title="Anonymisation check"
      about="Frames on which something may have been missed, the riskiest first."
      actions={
        recordings !== undefined && recordings.length > 0 && chosen !== undefined ? (
          <Select label="Recording" hideLabel value={chosen} onChange={(recording) => void navigate({ to: "/check", search: { recording } })} options={recordings.map((one) => ({ value: one.recording, label: one.recording, detail: `${one.anonymized.toLocaleString("en")} anonymised` }))} />
        ) : undefined
      }
    >
      {recordings === undefined ? (
        <Skeleton className="h-[320px]" />
      ) : chosen === undefined ? (
        <EmptyState icon="shield" title="Nothing to check yet">
          <code className="font-mono text-[12.5px]">roadloop run drive.mcap</code> in a terminal takes a recording in and anonymises it.
        </EmptyState>
      ) : (
        <Risks key={chosen} recording={chosen} />
      )}
    </Page>
  );
}

function Risks({ recording }: { recording: string }) {
  const risks = useRisks(recording);
  const [place, setPlace] = useState(0);
  const frames = useMemo(() => risks.data?.frames ?? [], [risks.data]);
  const at = Math.min(place, Math.max(0, frames.length - 1));
  useShortcut("ArrowRight", () => setPlace(Math.min(at + 1, frames.length - 1)));
  useShortcut("ArrowLeft", () => setPlace(Math.max(0, at - 1)));
  if (risks.isError) return <ErrorState title="The frames cannot be judged" onRetry={() => void risks.refetch()}>{risks.error.message}</ErrorState>;
  if (risks.data === undefined) return <Skeleton className="h-[320px]" />;
  const { anonymized, without_any, risky } = risks.data;
  const shown = frames[at];
  return (
    <div className="flex flex-col gap-[16px]">
      <dl className="grid grid-cols-3 gap-[12px] max-sm:gap-[8px]">
        <Figure name="anonymised frames" value={anonymized} />
        <Figure name="with nothing hidden" value={without_any} />
        <Figure name="with some risk" value={risky} isWarning={risky > 0} />
      </dl>
      {anonymized === 0 ? (
        <EmptyState icon="shield" title="No anonymised frames yet">
          <code className="font-mono text-[12.5px]">roadloop anonymize {recording}</code> makes copies of its frames.
        </EmptyState>
      ) : shown === undefined ? (
        <EmptyState icon="check" title="No frame stands out">
          Every large person has a hidden face and every large vehicle a hidden plate, all were sure, and none flickers. That proves nothing: look at some frames all the same.
        </EmptyState>
      ) : (
        <>
          <Shown key={frameKey(shown.frame)} risk={shown} place={at} total={frames.length} onPlace={setPlace} />
          <Strip frames={frames} risky={risky} at={at} onPlace={setPlace} />
        </>
      )}
    </div>
  );
}

function Figure({ name, value, isWarning = false }: { name: string; value: number; isWarning?: boolean }) {
  return (
    <div className="rounded-[10px] border border-line bg-card px-[16px] py-[11px] max-sm:px-[11px]">
      <dd className={cx("text-[22px] font-semibold tracking-[-0.01em] tabular-nums", isWarning && "text-warn")}>{value.toLocaleString("en")}</dd>
      <dt className="text-[12.5px] text-soft">{name}</dt>
    </div>
  );
}

function Shown({ risk, place, total, onPlace }: { risk: Risk; place: number; total: number; onPlace: (place: number) => void }) {
  const mayRaw = useMay("see_raw");
  const { frame, reasons } = risk;
  return (
    <section id="shown" aria-label="Before and after" className="scroll-m-[16px] overflow-hidden rounded-[10px] border border-line bg-card">
      <header className="flex flex-wrap items-center gap-[10px] border-b border-line px-[14px] py-[9px]">
        <span className="-ml-[6px] flex items-center gap-[2px]">
          <IconButton icon="chevronLeft" label="The one before" shortcut="←" size="small" isDisabled={place === 0} onPress={() => onPlace(place - 1)} />
          <span className="min-w-[56px] text-center text-[13px] font-semibold whitespace-nowrap tabular-nums">
            {place + 1} of {total}
          </span>
          <IconButton icon="chevronRight" label="The next one" shortcut="→" size="small" isDisabled={place + 1 >= total} onPress={() => onPlace(place + 1)} />
        </span>
        {reasons.map((reason) => (
          <Badge key={reason} tone="warn">
            {reason}
          </Badge>
        ))}
        <span className="flex-1" />
        <Link to="/frames/$recording/$camera/$sequence" params={frameParams(frame)} search={{ q: `recording = ${quote(frame.recording)}` }} className="rounded-[5px] text-[12.5px] text-accent tabular-nums hover:underline">
          {frame.camera} #{frame.sequence}, {dateAndTime(frame.taken_at)}
        </Link>
      </header>
      <Compare frame={frame} mayRaw={mayRaw} />
    </section>
  );
}

function Strip({ frames, risky, at, onPlace }: { frames: readonly Risk[]; risky: number; at: number; onPlace: (place: number) => void }) {
  return (
    <section aria-label="Frames to look at">
      <h2 className="pb-[8px] text-[13.5px] font-semibold">{risky > frames.length ? `The ${frames.length} riskiest of ${risky.toLocaleString("en")} frames` : `${count(frames.length, "frame")} to look at`}</h2>
      <ol className="grid grid-cols-[repeat(auto-fill,minmax(150px,1fr))] gap-[10px]">
        {frames.map(({ frame, reasons, score }, place) => (
          <li key={frameKey(frame)}>
            <button
              type="button"
              aria-current={place === at}
              onClick={() => {
                onPlace(place);
                document.getElementById("shown")?.scrollIntoView({ block: "nearest" });
              }}
              className={cx("block w-full overflow-hidden rounded-[8px] border bg-card text-left", place === at ? "border-accent ring-1 ring-accent" : "border-line hover:border-line-strong")}
            >
              <img src={imageUrl(frame, "anonymized", 320)} alt={`${frame.camera} #${frame.sequence}`} loading="lazy" className="aspect-[1.6] w-full bg-sunken object-cover" />
              <span className="block px-[8px] py-[5px] text-[11.5px] leading-[1.35] text-soft">
                <span className="font-medium text-ink tabular-nums">{score.toFixed(1)}</span> {reasons[0]}
              </span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
