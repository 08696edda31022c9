// Where a frame was taken, on the way of its recording.

import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { TrackMap } from "../../components/charts";
import type { FrameDetail } from "../../api/client";
import { useTrack } from "../../api/hooks";
import { dateAndTime, frameParams, type View } from "../../app/address";
import { quote } from "../../filter/clauses";

export function FrameMap({ frame, view }: { frame: FrameDetail; view: View }) {
  const navigate = useNavigate();
  const filter = `recording = ${quote(frame.recording)} and camera = ${quote(frame.camera)}`;
  const track = useTrack(filter, frame.position != null).data;
  const { tracks, current } = useMemo(() => {
    const points = track?.points ?? [];
    const here = points.findIndex((point) => point.sequence === frame.sequence);
    const way = points.map(({ latitude, longitude }) => ({ lat: latitude, lon: longitude }));
    const { position } = frame;
    // Of very long drives not every frame is a point: this one is put behind them.
    if (here < 0 && position != null) return { tracks: [way, [{ lat: position.latitude, lon: position.longitude }]], current: way.length };
    return { tracks: [way], current: here };
  }, [frame, track]);
  if (frame.position == null || track === undefined || track.points.length === 0) return null;
  return (
    <div className="mx-[14px] mb-[14px] h-[220px] overflow-hidden rounded-[8px] border border-line">
      <TrackMap
        label={`The way of ${frame.camera}`}
        tracks={tracks}
        current={current}
        describe={(index) => dateAndTime(track.points[index]?.taken_at ?? frame.taken_at)}
        onPick={(index) => {
          const point = track.points[index];
          if (point !== undefined) void navigate({ to: "/frames/$recording/$camera/$sequence", params: frameParams(point), search: view });
        }}
      />
    </div>
  );
}
