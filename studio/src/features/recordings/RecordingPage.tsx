// One recording: how far each stage is, what is on it when, what was damaged, and its film.

import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { Timeline, TrackMap } from "../../components/charts";
import { EmptyState, ErrorState, Icon, ProgressBar, Select, Skeleton, Table } from "../../components/ui";
import type { Schemas } from "../../api/client";
import { useActivity, useRecording, useTrack } from "../../api/hooks";
import { count, dateAndTime, frameParams } from "../../app/address";
import { Card, LINK_BUTTON, Page } from "../../app/Page";
import { useTitle } from "../../app/title";
import { chooseTime, quote } from "../../filter/clauses";
import { evenSteps } from "../frame/steps";
import { bytes, duration } from "./duration";
import { Player } from "./Player";

type Recording = Schemas["RecordingDetail"];

const route = getRouteApi("/recordings/$recording");

const STAGES: Record<string, string> = {
  extract: "Frames taken out",
  tables: "Tables of other topics",
  video: "Films of the cameras",
  detect: "Looked at by a detector",
  anonymize: "Anonymised",
};

export function RecordingPage() {
  const { recording: id } = route.useParams();
  const recording = useRecording(id);
  useTitle(id);
  if (recording.isError) {
    return (
      <Page title={id}>
        <ErrorState title="This recording cannot be shown" onRetry={() => void recording.refetch()}>
          {recording.error.message}
        </ErrorState>
      </Page>
    );
  }
  if (recording.data === undefined) {
    return (
      <Page title={id}>
        <Skeleton className="h-[320px]" />
      </Page>
    );
  }
  return <Shown recording={recording.data} />;
}

function Shown({ recording }: { recording: Recording }) {
  const filter = `recording = ${quote(recording.recording)}`;
  return (
    <Page
      title={recording.recording}
      about={[recording.kind, recording.size_bytes == null ? null : bytes(recording.size_bytes), duration(recording.seconds), count(recording.frames, "frame")].filter(Boolean).join(" · ")}
      actions={
        <>
          <Link to="/check" search={{ recording: recording.recording }} className={LINK_BUTTON.plain}>
            <Icon name="shield" /> Check the anonymisation
          </Link>
          <Link to="/" search={{ q: filter }} className={LINK_BUTTON.primary}>
            <Icon name="grid" /> See its frames
          </Link>
        </>
      }
    >
      <div className="grid gap-[16px] lg:grid-cols-[minmax(0,1.6fr)_minmax(0,1fr)]">
        <div className="flex min-w-0 flex-col gap-[16px]">
          <Card>
            <Player recording={recording} />
          </Card>
          <DriveCard recording={recording} filter={filter} />
          <TrackCard filter={filter} />
        </div>
        <div className="flex min-w-0 flex-col gap-[16px]">
          <Card title="Stages">
            <ul className="flex flex-col gap-[11px] px-[16px] py-[13px]">
              {recording.stages.map((stage) => (
                <li key={stage.stage} className="text-[12.5px]">
                  <div className="flex justify-between gap-[10px] pb-[4px]">
                    <span>{STAGES[stage.stage] ?? stage.stage}</span>
                    <span className="text-soft tabular-nums">
                      {stage.done.toLocaleString("en")}
                      {stage.of != null && ` of ${stage.of.toLocaleString("en")}`}
                      {stage.skipped > 0 && <span className="text-warn"> · {stage.skipped.toLocaleString("en")} skipped</span>}
                    </span>
                  </div>
                  {stage.of != null && <ProgressBar label={STAGES[stage.stage] ?? stage.stage} hideLabel value={stage.of === 0 ? 1 : stage.done / stage.of} />}
                </li>
              ))}
            </ul>
          </Card>
          <Card title="Damage" about={recording.damage.length === 0 ? undefined : count(recording.damage.length + recording.more_damage, "place")}>
            {recording.damage.length === 0 ? (
              <p className="px-[16px] py-[12px] text-[12.5px] text-soft">Everything that was wanted could be read.</p>
            ) : (
              <ul className="max-h-[260px] overflow-y-auto px-[16px] py-[10px] text-[12.5px]" tabIndex={0} aria-label="Damaged places">
                {recording.damage.map((damage, place) => (
                  <li key={place} className="py-[5px] wrap-anywhere">
                    <span className="font-mono text-[11.5px]">{damage.place}</span>
                    <br />
                    <span className="text-soft">{damage.reason}</span>
                  </li>
                ))}
                {recording.more_damage > 0 && <li className="py-[5px] text-soft">and {recording.more_damage.toLocaleString("en")} more</li>}
              </ul>
            )}
          </Card>
          <Card title="Topics" about={recording.source ?? undefined}>
            <div className="[&>div]:rounded-t-none [&>div]:border-0">
              <Table
                label="Topics"
                columns={[
                  { key: "topic", title: "Topic", cell: (topic) => <span className="font-mono text-[12px] wrap-anywhere">{topic.topic}</span> },
                  { key: "type", title: "Type", cell: (topic) => <span className="text-[12px] text-soft wrap-anywhere">{topic.message_type}</span> },
                  { key: "messages", title: "Messages", isNumber: true, cell: (topic) => topic.messages?.toLocaleString("en") ?? "–" },
                ]}
                rows={recording.topics}
                keyOf={(topic) => topic.topic}
                empty={<p className="px-[16px] py-[12px] text-[12.5px] text-soft">Its card is gone, so its topics are not known.</p>}
              />
            </div>
          </Card>
        </div>
      </div>
    </Page>
  );
}

function DriveCard({ recording, filter }: { recording: Recording; filter: string }) {
  const navigate = useNavigate();
  const [label, setLabel] = useState("");
  const step = Math.max(1, Math.ceil(recording.seconds / 300));
  const activity = useActivity(recording.recording, step);
  const bars = useMemo(() => (activity.data === undefined ? null : evenSteps(activity.data)), [activity.data]);
  const labels = useMemo(() => {
    const sums = new Map<string, number>();
    for (const { labels } of activity.data?.steps ?? []) {
      for (const [name, number] of Object.entries(labels)) sums.set(name, (sums.get(name) ?? 0) + number);
    }
    return [...sums].sort((a, b) => b[1] - a[1]);
  }, [activity.data]);
  const matching = useMemo(() => {
    if (label === "" || activity.data === undefined) return undefined;
    const only = activity.data.steps.map((one) => ({ ...one, detections: one.labels[label] ?? 0 }));
    return evenSteps({ ...activity.data, steps: only }).counts;
  }, [activity.data, label]);
  const total = labels.reduce((sum, [, number]) => sum + number, 0);
  return (
    <Card title="Along the drive" about={`detections of each ${step === 60 ? "minute" : `${step} s`}`}>
      {activity.isError ? (
        <ErrorState title="Not known" onRetry={() => void activity.refetch()}>
          {activity.error.message}
        </ErrorState>
      ) : bars === null ? (
        <Skeleton className="m-[16px] h-[70px]" />
      ) : (
        <div className="px-[16px] py-[12px]">
          <div className="flex items-center gap-[12px] pb-[8px] text-[12.5px] text-soft">
            <Select label="Label" hideLabel value={label} onChange={setLabel} options={[{ value: "", label: "all labels" }, ...labels.map(([name, number]) => ({ value: name, label: name, detail: number.toLocaleString("en") }))]} />
            <span className="tabular-nums">{count(total, "detection")}; mark a stretch to see its frames</span>
          </div>
          <Timeline
            label="detections"
            start={bars.start}
            step={bars.step}
            counts={bars.counts}
            {...(matching && { matching })}
            range={null}
            onRange={(range) => {
              if (range === null) return;
              const inTime = chooseTime(filter, { from: Math.floor(range[0]), to: Math.ceil(range[1]) });
              void navigate({ to: "/", search: { q: label === "" ? inTime : `${inTime} and has(${quote(label)})` } });
            }}
            height={56}
          />
        </div>
      )}
    </Card>
  );
}

function TrackCard({ filter }: { filter: string }) {
  const navigate = useNavigate();
  const track = useTrack(filter).data;
  const tracks = useMemo(() => (track === undefined ? [] : [track.points.map(({ latitude, longitude }) => ({ lat: latitude, lon: longitude }))]), [track]);
  if (track === undefined) return null;
  return (
    <Card title="Where it went" about={track.points.length === 0 ? undefined : `${count(track.placed, "frame")} with a position`}>
      {track.points.length === 0 ? (
        <EmptyState icon="map" title="No positions">
          It carries no topic of NavSatFix messages.
        </EmptyState>
      ) : (
        <div className="h-[320px]">
          <TrackMap
            label="The way of this recording"
            tracks={tracks}
            describe={(index) => dateAndTime(track.points[index]?.taken_at ?? "")}
            onPick={(index) => {
              const point = track.points[index];
              if (point !== undefined) void navigate({ to: "/frames/$recording/$camera/$sequence", params: frameParams(point), search: { q: filter } });
            }}
          />
        </div>
      )}
    </Card>
  );
}

