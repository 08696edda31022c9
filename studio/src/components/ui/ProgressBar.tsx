import { Label, ProgressBar as AriaProgressBar } from "react-aria-components";
import { cx } from "./cx";

export interface ProgressBarProps {
  label: string;
  hideLabel?: boolean;
  /** 0..1; null while nobody knows how much there is. */
  value: number | null;
  /** What stands at the right in place of a percentage, such as "3 of 12". */
  valueText?: string;
  tone?: "accent" | "good" | "bad";
}

const TONES = { accent: "bg-accent", good: "bg-good", bad: "bg-bad" };

export function ProgressBar({ label, hideLabel = false, value, valueText, tone = "accent" }: ProgressBarProps) {
  const share = Math.min(1, Math.max(0, value ?? 0));
  // Rounded down: 100 % is said only when all is done.
  const words = valueText ?? (value === null ? "" : `${Math.floor(share * 100)} %`);
  return (
    <AriaProgressBar
      {...(hideLabel ? { "aria-label": label } : {})}
      value={share}
      minValue={0}
      maxValue={1}
      isIndeterminate={value === null}
      {...(words === "" ? {} : { valueLabel: words })}
      className="flex flex-col gap-[5px]"
    >
      {!hideLabel && (
        <div className="flex justify-between gap-[12px] text-[12px]">
          <Label className="truncate font-medium text-soft">{label}</Label>
          <span className="shrink-0 text-ink tabular-nums">{words}</span>
        </div>
      )}
      <div className="h-[4px] overflow-hidden rounded-full bg-ink/10">
        <div
          className={cx("h-full rounded-full transition-[width] duration-300", TONES[tone], value === null && "w-2/5 animate-pulse")}
          style={value === null ? undefined : { width: `${share * 100}%` }}
        />
      </div>
    </AriaProgressBar>
  );
}
