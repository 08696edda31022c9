// The whole drive below one of its frames: how much happens when, and where this is.

import { useMemo } from "react";
import { Timeline } from "../../components/charts";
import { answer, client, type FrameDetail, type FrameName } from "../../api/client";
import { useActivity, useRecording } from "../../api/hooks";
import { millis } from "../../app/address";
import { quote } from "../../filter/clauses";
import { evenSteps } from "./steps";

/** Bars of a drive, at most. */
const MOST_STEPS = 300;

export function Drive({ frame, go }: { frame: FrameDetail; go: (to: FrameName) => void }) {
  const recording = useRecording(frame.recording).data;
  const step = Math.max(1, Math.ceil((recording?.seconds ?? 0) / MOST_STEPS));
  const activity = useActivity(frame.recording, recording === undefined ? 60 : step).data;
  const bars = useMemo(() => (activity === undefined ? null : evenSteps(activity)), [activity]);
  if (bars === null || bars.counts.length < 2) return null;
  const pick = async (time: number) => {
    const at = new Date(time).toISOString();
    const filter = `recording = ${quote(frame.recording)} and camera = ${quote(frame.camera)}`;
    const ask = (place: { at: string } | { offset: number }) => answer(client.GET("/api/v1/frames", { params: { query: { filter, ...place, limit: 1 } } }));
    const found = await ask({ at });
    // After the last one, that is meant.
    const [there] = found.frames.length > 0 || found.reachable === 0 ? found.frames : (await ask({ offset: found.reachable - 1 })).frames;
    if (there !== undefined) go(there);
  };
  return (
    <section aria-label="The drive" className="border-t border-line bg-card px-[12px] pt-[4px]">
      <Timeline label="detections" start={bars.start} step={bars.step} counts={bars.counts} range={null} onRange={() => undefined} onPick={(time) => void pick(time)} playhead={millis(frame.taken_at)} height={30} />
    </section>
  );
}
