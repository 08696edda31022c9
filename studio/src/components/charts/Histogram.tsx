import { Slider as AriaSlider, SliderThumb, SliderTrack } from "react-aria-components";
import { barsPath } from "./brush";
import { useSize } from "./useSize";

export interface HistogramProps {
  label: string;
  /** How many lie in each of equal bins from 0 to 1; twenty look best. */
  counts: readonly number[];
  /** The lower bound. */
  value: number;
  onChange: (value: number) => void;
  /** Once the person lets go: the moment to ask a server. */
  onDone?: (value: number) => void;
  height?: number;
}

/** How sure the boxes are, with the bound below which they are left out. */
export function Histogram({ label, counts, value, onChange, onDone, height = 56 }: HistogramProps) {
  const { ref, width } = useSize<HTMLDivElement>();
  const most = counts.reduce((most, count) => Math.max(most, count), 0);
  const all = counts.reduce((sum, count) => sum + count, 0);
  // Bins that the bound cuts in two count as in: the exact number is the server's to say.
  const kept = counts.reduce((sum, count, at) => sum + ((at + 1) / counts.length > value + 1e-9 ? count : 0), 0);
  const path = barsPath(counts, most, width, height, 1 / Math.max(1, counts.length));
  const x = value * width;
  return (
    <div className="min-w-0">
      <div className="flex justify-between pb-[6px] text-[12px]">
        <span className="font-medium text-soft">{label}</span>
        <span className="tabular-nums">≥ {percent(value)}</span>
      </div>
      <AriaSlider aria-label={label} minValue={0} maxValue={1} step={0.01} value={value} onChange={(next) => onChange(Array.isArray(next) ? (next[0] ?? 0) : next)} onChangeEnd={(next) => onDone?.(Array.isArray(next) ? (next[0] ?? 0) : next)}>
        <SliderTrack className="relative cursor-ew-resize touch-none" style={{ height: height + 8 }}>
          <div ref={ref} className="absolute inset-x-0 top-0" style={{ height }}>
            <svg aria-hidden="true" width={width} height={height} className="absolute inset-0">
              <path d={path} className="fill-line-strong/60" />
              <path d={path} className="fill-accent" style={{ clipPath: `inset(0 0 0 ${x}px)` }} />
              <path d={`M0 ${height - 0.5}H${width}`} className="stroke-line-strong" />
            </svg>
            <span className="pointer-events-none absolute inset-y-0 w-px bg-ink" style={{ left: Math.min(x, width - 1) }} />
          </div>
          <SliderThumb
            aria-label={label}
            aria-valuetext={`at least ${percent(value)}, about ${kept} of ${all}`}
            className="size-[13px] rounded-full border border-line-strong bg-white shadow-[0_1px_3px_rgb(0_0_0/.25)] data-dragging:border-accent data-focus-visible:outline-2 data-focus-visible:outline-offset-2 data-focus-visible:outline-accent"
            style={{ top: height }}
          />
        </SliderTrack>
      </AriaSlider>
      <div aria-hidden="true" className="flex justify-between pt-[3px] text-[11px] text-soft tabular-nums">
        <span>0</span>
        <span>50 %</span>
        <span>100 %</span>
      </div>
    </div>
  );
}

const percent = (share: number) => `${Math.round(share * 100)} %`;
