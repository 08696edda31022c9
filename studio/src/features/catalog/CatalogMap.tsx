// The frames that match on a map: where the vehicles went, without any tiles.

import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { TrackMap } from "../../components/charts/TrackMap";
import { EmptyState, ErrorState, Skeleton } from "../../components/ui";
import { useTrack } from "../../api/hooks";
import { count, dateAndTime, frameParams, type View } from "../../app/address";
import { chooseBox } from "../../filter/clauses";

interface CatalogMapProps {
  filter: string;
  onFilter: (filter: string) => void;
  view: View;
}

export function CatalogMap({ filter, onFilter, view }: CatalogMapProps) {
  const navigate = useNavigate();
  const track = useTrack(filter);
  const [hovered, setHovered] = useState<number | null>(null);
  const ways = useMemo(() => (track.data?.ways ?? []).map(({ points }) => points.map(([latitude = 0, longitude = 0]) => ({ latitude, longitude }))), [track.data]);
  const points = useMemo(() => track.data?.points ?? [], [track.data]);
  if (track.isError) return <ErrorState title="The map cannot be drawn" onRetry={() => void track.refetch()}>{track.error.message}</ErrorState>;
  if (track.data === undefined) return <Skeleton className="m-[12px] flex-1" />;
  if (points.length === 0) {
    return (
      <EmptyState icon="map" title="No frame here has a position">
        Frames get theirs from a topic of NavSatFix messages in their recording.
      </EmptyState>
    );
  }
  const shown = hovered === null ? undefined : points[hovered];
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <TrackMap
        label="Where frames were taken"
        lines={ways}
        points={points}
        onHover={setHovered}
        onPick={(index) => {
          const point = points[index];
          if (point !== undefined) void navigate({ to: "/frames/$recording/$camera/$sequence", params: frameParams(point), search: view });
        }}
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
