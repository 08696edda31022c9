// When the frames were taken: those that match before all of the same recordings.

import { useMemo } from "react";
import { Timeline } from "../../components/charts/Timeline";
import { useTimeline } from "../../api/hooks";
import { millis } from "../../app/address";
import { chooseTime, timeOf } from "../../filter/clauses";

const STEPS = 240;

export function CatalogTimeline({ filter, onFilter }: { filter: string; onFilter: (filter: string) => void }) {
  // The stretch that is marked is one of all times, so it can be made longer again.
  const within = useMemo(() => chooseTime(filter, null), [filter]);
  const timeline = useTimeline(filter, within, STEPS).data;
  const range = useMemo(() => {
    const time = timeOf(filter);
    return time === null ? null : ([time.from, time.to] as const);
  }, [filter]);
  if (timeline === undefined || timeline.from == null || timeline.all.length < 2) return null;
  return (
    <div className="border-b border-line bg-card px-[12px] pt-[6px]">
      <Timeline
        label="frames"
        start={millis(timeline.from)}
        step={timeline.step_seconds * 1000}
        counts={timeline.all}
        matching={timeline.matching}
        range={range}
        onRange={(range) => onFilter(chooseTime(filter, range === null ? null : { from: Math.floor(range[0]), to: Math.ceil(range[1]) }))}
        height={34}
      />
    </div>
  );
}
