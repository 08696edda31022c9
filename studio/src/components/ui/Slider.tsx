import { Label, Slider as AriaSlider, SliderOutput, SliderThumb, SliderTrack } from "react-aria-components";
import { cx } from "./cx";

interface Common {
  label: string;
  hideLabel?: boolean;
  min?: number;
  max?: number;
  step?: number;
  /** How a value is said; percent and units go here. */
  format?: (value: number) => string;
  isDisabled?: boolean;
  /** Leaves out the words, for narrow bars; screen readers still hear them. */
  isBare?: boolean;
  className?: string;
}

export interface SliderProps extends Common {
  value: number;
  onChange: (value: number) => void;
  /** Once the person lets go: the moment to ask a server. */
  onDone?: (value: number) => void;
}

export function Slider({ value, onChange, onDone, ...common }: SliderProps) {
  return (
    <Thumbs
      {...common}
      values={[value]}
      onChange={([only]) => only !== undefined && onChange(only)}
      onDone={([only]) => only !== undefined && onDone?.(only)}
    />
  );
}

export interface RangeSliderProps extends Common {
  value: readonly [number, number];
  onChange: (value: [number, number]) => void;
  onDone?: (value: [number, number]) => void;
}

export function RangeSlider({ value, onChange, onDone, ...common }: RangeSliderProps) {
  return (
    <Thumbs
      {...common}
      values={value}
      onChange={([low = value[0], high = value[1]]) => onChange([low, high])}
      onDone={([low = value[0], high = value[1]]) => onDone?.([low, high])}
    />
  );
}

interface ThumbsProps extends Common {
  values: readonly number[];
  onChange: (values: number[]) => void;
  onDone: (values: number[]) => void;
}

function Thumbs(props: ThumbsProps) {
  const { label, hideLabel = false, min = 0, max = 1, step = 0.01, format = String, values, onChange, onDone } = props;
  const { isDisabled = false, isBare = false, className } = props;
  const share = (value: number) => (max === min ? 0 : ((value - min) / (max - min)) * 100);
  const low = values.length > 1 ? share(values[0] ?? min) : 0;
  const high = share(values[values.length - 1] ?? min);
  const many = values.length > 1;
  return (
    <AriaSlider
      {...(hideLabel || isBare ? { "aria-label": label } : {})}
      minValue={min}
      maxValue={max}
      step={step}
      value={[...values]}
      onChange={(next) => onChange(next as number[])}
      onChangeEnd={(next) => onDone(next as number[])}
      isDisabled={isDisabled}
      className={cx("grid grid-cols-[1fr_auto] items-center gap-y-[2px] data-disabled:opacity-45", className)}
    >
      {!isBare && (
        <>
          {hideLabel ? <span /> : <Label className="text-[12px] font-medium text-soft">{label}</Label>}
          <SliderOutput className="text-[12px] text-ink tabular-nums">{values.map(format).join(" – ")}</SliderOutput>
        </>
      )}
      <SliderTrack className="relative col-span-2 h-[20px] touch-none">
        <span className="absolute inset-x-0 top-[8px] h-[4px] rounded-full bg-line-strong/60" />
        <span
          className="absolute top-[8px] h-[4px] rounded-full bg-accent"
          style={{ left: `${low}%`, width: `${Math.max(0, high - low)}%` }}
        />
        {values.map((value, at) => (
          <SliderThumb
            key={at}
            index={at}
            aria-label={many ? `${label}, ${at === 0 ? "from" : "to"}` : label}
            aria-valuetext={format(value)}
            className="top-1/2 size-[14px] rounded-full border border-line-strong bg-white shadow-[0_1px_3px_rgb(0_0_0/.25)] data-dragging:border-accent data-focus-visible:outline-2 data-focus-visible:outline-offset-2 data-focus-visible:outline-accent"
          />
        ))}
      </SliderTrack>
    </AriaSlider>
  );
}
