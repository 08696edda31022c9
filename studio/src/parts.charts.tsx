import { useMemo, useState } from "react";
import { BarList, Histogram, Sparkline, timeInFull, Timeline, TrackMap, type BarItem, type BarState, type GeoBounds, type TimeRange } from "./components/charts";
import { classColour } from "./components/classes";
import { made, madeTrack, START } from "./parts.data";
import { Card } from "./parts.ui";

const LABELS = ["car", "person", "truck", "bicycle", "traffic light", "traffic sign", "bus", "motorcycle", "dog", "stroller", "wheelchair", "tram", "train", "trailer", "horse", "kick scooter"];
const counts = Array.from({ length: 240 }, (_, at) => (at % 90 > 76 ? 0 : Math.round(60 + 50 * Math.sin(at / 17) + made(at) * 40)));
const matching = counts.map((count, at) => Math.round(count * made(at >> 3) * 0.5));
const sure = Array.from({ length: 20 }, (_, at) => Math.round(200 + 900 * (at / 20) ** 2 + 300 * made(at)));

export function ChartsPage() {
  const [range, setRange] = useState<TimeRange | null>(null);
  const [playhead, setPlayhead] = useState(START + 70 * 5000);
  const [bound, setBound] = useState(0.45);
  const [states, setStates] = useState<Record<string, BarState>>({ person: "in", bus: "out" });
  const [count, setCount] = useState(3000);
  const [picked, setPicked] = useState<number | null>(420);
  const [box, setBox] = useState<GeoBounds | null>(null);
  const tracks = useMemo(() => [madeTrack(count)], [count]);
  const hits = useMemo(() => Array.from({ length: count }, (_, at) => at).filter((at) => made(at >> 5) > 0.75), [count]);
  const items: BarItem[] = LABELS.map((label, at) => ({ key: label, label, count: Math.round(48_000 / (at + 1) ** 1.6), colour: classColour(label), state: states[label] ?? null }));
  Object.assign(window, { chartState: { range, playhead, bound, states, picked, box }, setTrackLength: setCount });
  return (
    <div className="mx-auto grid max-w-[1240px] grid-cols-1 gap-[14px] p-[14px] min-[900px]:grid-cols-[1fr_320px]">
      <div className="flex min-w-0 flex-col gap-[14px]">
        <Card title="Timeline">
          <Timeline label="frames" start={START} step={5000} counts={counts} matching={matching} range={range} onRange={setRange} playhead={playhead} onPick={setPlayhead} />
          <p className="pt-[8px] text-[12px] text-soft tabular-nums">
            {range === null ? "Drag to mark a range; click to go to a time." : `${timeInFull(range[0], 1000)} – ${timeInFull(range[1], 1000)}`}
          </p>
        </Card>
        <Card title="Map">
          <div className="h-[360px]">
            <TrackMap label="Map of the drive" tracks={tracks} hits={hits} current={picked} onPick={setPicked} onBox={setBox} box={box} describe={(at) => `Frame ${at}, ${timeInFull(START + at * 100, 100)}`} />
          </div>
        </Card>
        <Card title="Empty">
          <div className="grid gap-[14px] min-[620px]:grid-cols-2">
            <Timeline label="frames" start={START} step={5000} counts={[]} range={null} onRange={() => undefined} />
            <div className="h-[160px]"><TrackMap label="Map of nothing" tracks={[]} /></div>
          </div>
        </Card>
      </div>
      <div className="flex min-w-0 flex-col gap-[14px]">
        <Card title="Confidence"><Histogram label="Confidence" counts={sure} value={bound} onChange={setBound} /></Card>
        <Card title="Labels"><BarList label="labels" items={items} onState={(key, state) => setStates({ ...states, [key]: state })} /></Card>
        <Card title="Sparklines">
          <div className="flex items-center justify-between gap-[8px] text-[12.5px]"><span className="text-soft">Loss</span><Sparkline label="Loss, falling to 0.21" values={Array.from({ length: 40 }, (_, at) => 2 / (1 + at / 4) + made(at) * 0.12)} /><span className="tabular-nums">0.21</span></div>
          <div className="flex items-center justify-between gap-[8px] pt-[8px] text-[12.5px]"><span className="text-soft">mAP</span><Sparkline tone="good" label="mAP, rising to 0.63" values={Array.from({ length: 40 }, (_, at) => at / (at + 8) + made(at) * 0.06)} /><span className="tabular-nums">0.63</span></div>
        </Card>
      </div>
    </div>
  );
}
