import type { ReactNode } from "react";
import {
  Checkbox as AriaCheckbox,
  Radio,
  RadioGroup,
  ToggleButton as AriaToggleButton,
} from "react-aria-components";
import { pressable } from "./Button";
import { cx } from "./cx";
import { Icon, type IconName } from "./icons";

export interface ToggleProps {
  children: ReactNode;
  icon?: IconName;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
  isDisabled?: boolean;
}

/** A button that stays down. */
export function Toggle({ children, icon, isOn, onChange, isDisabled = false }: ToggleProps) {
  return (
    <AriaToggleButton
      isSelected={isOn}
      onChange={onChange}
      isDisabled={isDisabled}
      className={cx(
        pressable,
        "h-[30px] gap-[6px] rounded-[6px] border-line-strong/70 bg-raised px-[11px] text-[13px] text-soft data-hovered:text-ink",
        "data-selected:border-accent/60 data-selected:bg-accent-wash data-selected:text-accent",
      )}
    >
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </AriaToggleButton>
  );
}

export interface SegmentedProps<T extends string> {
  /** What is chosen here, for screen readers. */
  label: string;
  options: readonly { value: T; label: string; icon?: IconName; iconOnly?: boolean }[];
  value: T;
  onChange: (value: T) => void;
  isDisabled?: boolean;
}

/** One of a few, all of them in sight. */
export function Segmented<T extends string>({ label, options, value, onChange, isDisabled = false }: SegmentedProps<T>) {
  return (
    <RadioGroup
      aria-label={label}
      orientation="horizontal"
      value={value}
      onChange={(chosen) => onChange(chosen as T)}
      isDisabled={isDisabled}
      className="inline-flex h-[30px] shrink-0 items-stretch gap-[2px] rounded-[7px] border border-line bg-sunken p-[2px]"
    >
      {options.map((option) => (
        <Radio
          key={option.value}
          value={option.value}
          {...(option.iconOnly === true ? { "aria-label": option.label } : {})}
          className="inline-flex select-none items-center justify-center gap-[5px] rounded-[5px] px-[9px] text-[12.5px] font-medium text-soft transition-colors data-hovered:text-ink data-selected:bg-raised data-selected:text-ink data-selected:shadow-[0_0_0_1px_var(--line),0_1px_2px_rgb(0_0_0/.08)] data-disabled:opacity-45 data-focus-visible:outline-2 data-focus-visible:outline-accent"
        >
          {option.icon !== undefined && <Icon name={option.icon} size={14} />}
          {option.iconOnly !== true && option.label}
        </Radio>
      ))}
    </RadioGroup>
  );
}

export interface CheckboxProps {
  children?: ReactNode;
  /** The name where there are no words beside it. */
  label?: string;
  isChecked: boolean;
  /** Some but not all of what it stands for. */
  isMixed?: boolean;
  onChange: (isChecked: boolean) => void;
  isDisabled?: boolean;
}

export function Checkbox({ children, label, isChecked, isMixed = false, onChange, isDisabled = false }: CheckboxProps) {
  return (
    <AriaCheckbox
      {...(label === undefined ? {} : { "aria-label": label })}
      isSelected={isChecked}
      isIndeterminate={isMixed}
      onChange={onChange}
      isDisabled={isDisabled}
      className="group inline-flex select-none items-center gap-[8px] text-[13px] text-ink data-disabled:opacity-45"
    >
      <CheckMark isChecked={isChecked} isMixed={isMixed} />
      {children}
    </AriaCheckbox>
  );
}

/** The drawing of a checkbox; `group-data-*` follows the control it is in. */
export function CheckMark({ isChecked, isMixed = false }: { isChecked: boolean; isMixed?: boolean }) {
  return (
    <span
      className={cx(
        "flex size-[16px] shrink-0 items-center justify-center rounded-[4px] border transition-colors group-data-focus-visible:outline-2 group-data-focus-visible:outline-offset-2 group-data-focus-visible:outline-accent",
        isChecked || isMixed
          ? "border-accent bg-accent text-accent-ink"
          : "border-line-strong bg-raised text-transparent group-data-hovered:border-soft",
      )}
    >
      {isMixed ? <Icon name="minus" size={12} /> : isChecked && <Icon name="check" size={12} />}
    </span>
  );
}
