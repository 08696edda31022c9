// Small parts the editor is put together from.

import type { ReactNode } from "react";
import { Button, Slider, SliderThumb, SliderTrack, ToggleButton, Tooltip, TooltipTrigger } from "react-aria-components";

const FOCUS = "outline-offset-1 data-[focus-visible]:outline-2 data-[focus-visible]:outline-accent";

const SMALL = `grid size-7 shrink-0 place-items-center rounded-md text-soft outline-none
  hover:bg-sunken hover:text-ink data-[pressed]:bg-line data-[selected]:bg-accent-wash
  data-[selected]:text-accent data-[disabled]:text-faint data-[disabled]:opacity-50
  data-[disabled]:hover:bg-transparent ${FOCUS}`;

export function Key({ children }: { children: ReactNode }) {
  return (
    <kbd className="inline-block min-w-5 rounded-sm border border-line bg-sunken px-1 text-center font-mono text-[11px] leading-[18px] text-soft">
      {children}
    </kbd>
  );
}

function Hint({ label, keys }: { label: string; keys?: string | undefined }) {
  return (
    <Tooltip
      offset={6}
      className="z-50 flex items-center gap-2 rounded-md border border-line bg-raised px-2 py-1 text-xs text-ink shadow-lg"
    >
      {label}
      {keys !== undefined && keys !== "" && <Key>{keys}</Key>}
    </Tooltip>
  );
}

interface SmallButtonProps {
  label: string;
  /** As spelt in the table of keys. */
  keys?: string;
  children: ReactNode;
  onPress: () => void;
  isDisabled?: boolean;
  className?: string;
}

export function IconButton({ label, keys, children, onPress, isDisabled = false, className = "" }: SmallButtonProps) {
  return (
    <TooltipTrigger delay={400} closeDelay={0}>
      <Button aria-label={label} onPress={onPress} isDisabled={isDisabled} className={`${SMALL} ${className}`}>
        {children}
      </Button>
      <Hint label={label} keys={keys} />
    </TooltipTrigger>
  );
}

export function IconToggle({
  isOn,
  ...button
}: SmallButtonProps & {
  isOn: boolean;
}) {
  const { label, keys, children, onPress, isDisabled = false, className = "" } = button;
  return (
    <TooltipTrigger delay={400} closeDelay={0}>
      <ToggleButton
        aria-label={label}
        isSelected={isOn}
        onChange={onPress}
        isDisabled={isDisabled}
        className={`${SMALL} ${className}`}
      >
        {children}
      </ToggleButton>
      <Hint label={label} keys={keys} />
    </TooltipTrigger>
  );
}

export function TextButton({
  children,
  onPress,
  isDisabled = false,
  isMain = false,
}: {
  children: ReactNode;
  onPress: () => void;
  isDisabled?: boolean;
  isMain?: boolean;
}) {
  const look = isMain
    ? "bg-accent text-accent-ink border-transparent hover:brightness-110"
    : "bg-card text-ink border-line hover:border-line-strong hover:bg-sunken";
  return (
    <Button
      onPress={onPress}
      isDisabled={isDisabled}
      className={`h-7 shrink-0 rounded-md border px-2.5 text-[13px] font-medium whitespace-nowrap outline-none
        data-[disabled]:border-line data-[disabled]:bg-sunken data-[disabled]:text-faint
        data-[disabled]:hover:brightness-100 ${FOCUS} ${look}`}
    >
      {children}
    </Button>
  );
}

export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section aria-label={title} className="border-b border-line px-3 py-2 last:border-b-0">
      <div className="mb-1 flex min-h-6 items-center justify-between gap-2">
        <h2 className="text-xs font-semibold text-ink">{title}</h2>
        {aside !== undefined && <span className="text-xs text-soft tabular-nums">{aside}</span>}
      </div>
      {children}
    </section>
  );
}

export function Range({
  label,
  value,
  low,
  step,
  shown,
  onChange,
}: {
  label: string;
  value: number;
  low: number;
  step: number;
  /** The value as a person reads it. */
  shown: string;
  onChange: (value: number) => void;
}) {
  return (
    <Slider aria-label={label} value={value} minValue={low} maxValue={1} step={step} onChange={onChange} className="flex h-7 items-center gap-3">
      <span aria-hidden="true" className="w-[72px] shrink-0 text-xs text-soft">
        {label}
      </span>
      <SliderTrack className="relative h-5 min-w-0 flex-1">
        {({ state }) => (
          <>
            <div className="absolute top-1/2 h-1 w-full -translate-y-1/2 rounded-full bg-line" />
            <div
              className="absolute top-1/2 h-1 -translate-y-1/2 rounded-full bg-accent"
              style={{ width: `${state.getThumbPercent(0) * 100}%` }}
            />
            <SliderThumb className="top-1/2 size-3.5 rounded-full border-2 border-accent bg-card outline-offset-2 data-[focus-visible]:outline-2 data-[focus-visible]:outline-accent" />
          </>
        )}
      </SliderTrack>
      <span aria-hidden="true" className="w-9 shrink-0 text-right text-xs text-soft tabular-nums">
        {shown}
      </span>
    </Slider>
  );
}

export function Dot({ colour }: { colour: string }) {
  return <span aria-hidden="true" className="size-2.5 shrink-0 rounded-[3px] ring-1 ring-black/25" style={{ background: colour }} />;
}
