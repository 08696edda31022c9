import type { ReactNode } from "react";
import { Button as AriaButton } from "react-aria-components";
import { cx } from "./cx";
import { Icon, type IconName } from "./icons";

export type Tone = "neutral" | "accent" | "good" | "warn" | "bad";

const TONES: Record<Tone, string> = {
  neutral: "bg-ink/7 text-soft",
  accent: "bg-accent-wash text-accent",
  good: "bg-good/10 text-good",
  warn: "bg-warn-wash text-warn",
  bad: "bg-bad-wash text-bad",
};

/** A word about the state of something. */
export function Badge({ children, tone = "neutral", icon }: { children: ReactNode; tone?: Tone; icon?: IconName }) {
  return (
    <span
      className={cx(
        "inline-flex h-[20px] shrink-0 items-center gap-[4px] rounded-[5px] px-[6px] text-[11.5px] font-medium whitespace-nowrap tabular-nums",
        TONES[tone],
      )}
    >
      {icon !== undefined && <Icon name={icon} size={12} />}
      {children}
    </span>
  );
}

export interface ChipProps {
  children: string;
  /** A dot of this colour in front, that of a label for example. */
  colour?: string;
  onRemove?: () => void;
}

/** A small thing that a person put there and can take away. */
export function Chip({ children, colour, onRemove }: ChipProps) {
  return (
    <span className="inline-flex h-[22px] max-w-[220px] items-center gap-[5px] rounded-full border border-line bg-card pr-[3px] pl-[8px] text-[12px] text-ink">
      {colour !== undefined && <span className="size-[8px] shrink-0 rounded-full" style={{ background: colour }} />}
      <span className={cx("truncate", onRemove === undefined && "pr-[5px]")}>{children}</span>
      {onRemove !== undefined && (
        <AriaButton
          aria-label={`Remove ${children}`}
          onPress={onRemove}
          className="flex size-[16px] items-center justify-center rounded-full text-soft data-hovered:bg-ink/10 data-hovered:text-ink data-focus-visible:outline-2 data-focus-visible:outline-accent"
        >
          <Icon name="close" size={10} />
        </AriaButton>
      )}
    </span>
  );
}
