// The frames that match on a map: where the vehicles went, without any tiles.

import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { TrackMap } from "../../components/charts";
import { EmptyState, ErrorState, Skeleton } from "../../components/ui";
import { useTrack } from "../../api/hooks";
import { count, dateAndTime, frameParams, timeOfDay, type View } from "../../app/address";
import { chooseBox } from "../../filter/clauses";

interface CatalogMapProps {
  filter: string;
  onFilter: (filter: string) => void;
  view: View;
}

export function CatalogMap({ filter, onFilter, view }: CatalogMapProps) {
  const navigate = useNavigate();
  const track = useTrack(filter);
  const { tracks, hits, points, ways } = useMemo(() => {
    const ways = (track.data?.ways ?? []).map(({ points }) => points.map(([lat = 0, lon = 0]) => ({ lat, lon })));
    const points = track.data?.points ?? [];
    const before = ways.reduce((sum, way) => sum + way.length, 0);
    // Each frame is a track of its own behind the ways: one point, and no line.
    const tracks = [...ways, ...points.map(({ latitude, longitude }) => [{ lat: latitude, lon: longitude }])];
    return { tracks, hits: points.map((_, place) => before + place), points, ways: ways.flat() };
  }, [track.data]);
  const [hovered, setHovered] = useState<number | null>(null);
  // On the way between frames, the nearest one is meant.
  const frameAt = (index: number) => {
    const at = ways[index];
    if (at === undefined) return points[index - ways.length];
    const distance = (point: { latitude: number; longitude: number }) => (point.latitude - at.lat) ** 2 + (point.longitude - at.lon) ** 2;
    return points.reduce((best, point) => (distance(point) < distance(best) ? point : best), points[0]!);
  };
  if (track.isError) return <ErrorState title="The map cannot be drawn" onRetry={() => void track.refetch()}>{track.error.message}</ErrorState>;
  if (track.data === undefined) return <Skeleton className="m-[12px] flex-1" />;
  if (points.length === 0) {
    return (
      <EmptyState icon="map" title="No frame here has a position">
        Frames get theirs from a topic of NavSatFix messages in their recording.
      </EmptyState>
    );
  }
  const shown = hovered === null ? undefined : frameAt(hovered);
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <TrackMap
        label="Where frames were taken"
        tracks={tracks}
        hits={hits}
        onHover={setHovered}
        onPick={(index) => {
          const point = frameAt(index);
          if (point !== undefined) void navigate({ to: "/frames/$recording/$camera/$sequence", params: frameParams(point), search: view });
        }}
        describe={(index) => timeOfDay(frameAt(index)?.taken_at ?? "")}
        onBox={(box) => onFilter(chooseBox(filter, box))}
      />
      <p className="border-t border-line bg-card px-[12px] py-[6px] text-[12px] text-soft tabular-nums" aria-live="polite">
        {shown === undefined
          ? `${count(track.data.placed, "frame")} with a position${points.length < track.data.placed ? `, ${points.length.toLocaleString("en")} drawn` : ""}. Click one to see it; mark a rectangle with Shift to narrow down.`
          : `${shown.recording} · ${shown.camera} #${shown.sequence} · ${dateAndTime(shown.taken_at)} UTC · ${shown.latitude.toFixed(5)}, ${shown.longitude.toFixed(5)}`}
      </p>
    </div>
  );
}
