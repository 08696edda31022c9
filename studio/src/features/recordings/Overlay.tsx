// The boxes over a film: those of the frame that is on.

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { classColour } from "../../components/classes";
import { answer, client } from "../../api/client";
import { framePage } from "../../api/hooks";
import { millis } from "../../app/address";
import { shownBoxes } from "../../app/frames";
import { lastAt, PLAYER_PAGE } from "./playing";

/** Seconds of a film whose frames are asked for together. */
const STRETCH = 5;

interface OverlayProps {
  filter: string;
  total: number;
  /** Seconds since the film's first frame. */
  time: number;
}

export function Overlay({ filter, total, time }: OverlayProps) {
  const first = useQuery({ ...framePage(filter, 0, 1), staleTime: 60_000 }).data?.frames[0];
  const start = first === undefined ? null : millis(first.taken_at);
  const stretch = Math.floor(time / STRETCH);
  const at = start === null ? null : new Date(start + stretch * STRETCH * 1000).toISOString();
  const { data } = useQuery({
    queryKey: ["catalog", "overlay", filter, at],
    enabled: at !== null && total > 0,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => answer(client.GET("/api/v1/frames", { params: { query: { filter, at: at ?? "", limit: PLAYER_PAGE } }, signal })),
  });
  const frames = data?.frames ?? [];
  const frame = start === null ? undefined : frames[Math.max(0, lastAt(frames, start + time * 1000))];
  const boxes = useMemo(() => (frame === undefined ? [] : shownBoxes(frame)), [frame]);
  if (frame === undefined) return null;
  return (
    <svg aria-hidden="true" viewBox={`0 0 ${frame.width} ${frame.height}`} className="pointer-events-none absolute inset-0 size-full">
      {boxes.map(({ key, bbox, label }) =>
        bbox === null ? null : (
          <rect
            key={key}
            x={bbox.left * frame.width}
            y={bbox.top * frame.height}
            width={(bbox.right - bbox.left) * frame.width}
            height={(bbox.bottom - bbox.top) * frame.height}
            fill="none"
            stroke={classColour(label)}
            strokeWidth={2}
            vectorEffect="non-scaling-stroke"
          />
        ),
      )}
    </svg>
  );
}
