import type { ReactNode } from "react";
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from "react-aria-components";
import { cx } from "./cx";
import { Icon, type IconName } from "./icons";
import { Spinner } from "./Spinner";
import { Tooltip } from "./Tooltip";

export type ButtonKind = "primary" | "plain" | "quiet" | "danger";

export interface ButtonProps extends Omit<AriaButtonProps, "className" | "style" | "children"> {
  children: ReactNode;
  kind?: ButtonKind;
  /** `small` is 24 px high, for bars and table rows; `medium` is 30 px. */
  size?: "small" | "medium";
  icon?: IconName;
  /** Behind the words: an arrow that says that something opens. */
  iconAfter?: IconName;
  /** Shows a spinner and takes no press until it is over. */
  isBusy?: boolean;
  className?: string;
}

const KINDS: Record<ButtonKind, string> = {
  primary: "border-accent bg-accent text-accent-ink data-hovered:brightness-110 data-pressed:brightness-95",
  plain:
    "border-line-strong/70 bg-raised text-ink data-hovered:border-line-strong data-hovered:bg-paper data-pressed:bg-sunken dark:data-hovered:bg-line",
  quiet:
    "border-transparent bg-transparent text-soft data-hovered:bg-ink/6 data-hovered:text-ink data-pressed:bg-ink/10",
  danger: "border-bad/50 bg-transparent text-bad data-hovered:bg-bad-wash data-pressed:bg-bad-wash",
};

// Fingers scroll and pinch over it, and a double tap does not zoom: what react-aria would say
// by a style of its own, which a strict policy of the page forbids.
export const pressable =
  "touch-pan-x touch-pan-y touch-pinch-zoom inline-flex shrink-0 select-none items-center justify-center border font-medium whitespace-nowrap transition-colors duration-100 data-disabled:opacity-45 data-focus-visible:outline-2 data-focus-visible:outline-offset-2 data-focus-visible:outline-accent";

const SIZES = {
  small: "h-[24px] rounded-[5px] px-[8px] text-[12px] gap-[5px]",
  medium: "h-[30px] rounded-[6px] px-[11px] text-[13px] gap-[6px]",
};

export function Button(props: ButtonProps) {
  const { children, kind = "plain", size = "medium", icon, iconAfter, isBusy = false, className, ...rest } = props;
  return (
    <AriaButton {...rest} isPending={isBusy} className={cx(pressable, SIZES[size], KINDS[kind], className)}>
      {isBusy ? <Spinner size={14} /> : icon !== undefined && <Icon name={icon} size={size === "small" ? 14 : 16} />}
      {children}
      {iconAfter !== undefined && <Icon name={iconAfter} size={14} />}
    </AriaButton>
  );
}

export interface IconButtonProps extends Omit<AriaButtonProps, "className" | "style" | "children" | "aria-label"> {
  icon: IconName;
  /** What it does: its name for screen readers, and its tooltip. */
  label: string;
  /** A key that does the same, shown in the tooltip. */
  shortcut?: string;
  kind?: ButtonKind;
  size?: "small" | "medium";
  isBusy?: boolean;
  className?: string;
}

export function IconButton(props: IconButtonProps) {
  const { icon, label, shortcut, kind = "quiet", size = "medium", isBusy = false, className, ...rest } = props;
  const square = size === "small" ? "size-[24px] rounded-[5px]" : "size-[30px] rounded-[6px]";
  return (
    <Tooltip text={label} shortcut={shortcut}>
      <AriaButton {...rest} aria-label={label} isPending={isBusy} className={cx(pressable, square, KINDS[kind], className)}>
        {isBusy ? <Spinner size={14} /> : <Icon name={icon} />}
      </AriaButton>
    </Tooltip>
  );
}
