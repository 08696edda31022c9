import type { ReactNode } from "react";
import {
  Button as AriaButton,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Popover as AriaPopover,
  Select as AriaSelect,
  SelectValue,
  Text,
  TextArea,
  TextField as AriaTextField,
} from "react-aria-components";
import { cx } from "./cx";
import { Icon, type IconName } from "./icons";
import { floating } from "./Popover";

export const fieldLook =
  "w-full rounded-[6px] border border-line-strong/70 bg-raised text-[13px] text-ink placeholder:text-soft/80 data-hovered:border-line-strong data-focused:border-accent data-focused:outline-2 data-focused:-outline-offset-1 data-focused:outline-accent/35 data-invalid:border-bad data-disabled:opacity-45";

const labelLook = "text-[12px] font-medium text-soft";

export interface TextFieldProps {
  label: string;
  /** Keeps the label for screen readers only. */
  hideLabel?: boolean;
  value: string;
  onChange: (value: string) => void;
  onEnter?: () => void;
  placeholder?: string;
  /** A line of help below. */
  help?: ReactNode;
  /** What is wrong with the value; takes the place of the help. */
  error?: string | undefined;
  icon?: IconName;
  type?: "text" | "search" | "number" | "password" | "email" | "url";
  /** More than one line of it: how many. */
  lines?: number;
  isDisabled?: boolean;
  isRequired?: boolean;
  autoFocus?: boolean;
  /** What browsers and keepers of passwords fill in: `username`, `current-password`. */
  autoComplete?: string;
  className?: string;
}

export function TextField(props: TextFieldProps) {
  const { label, hideLabel = false, value, onChange, onEnter, placeholder, help, error, icon, type = "text" } = props;
  const { lines, isDisabled = false, isRequired = false, autoFocus = false, autoComplete, className } = props;
  return (
    <AriaTextField
      {...(hideLabel ? { "aria-label": label } : {})}
      value={value}
      onChange={onChange}
      type={type}
      isDisabled={isDisabled}
      isRequired={isRequired}
      isInvalid={error !== undefined}
      autoFocus={autoFocus}
      {...(autoComplete !== undefined && { autoComplete })}
      onKeyDown={(event) => {
        if (event.key === "Enter" && lines === undefined && onEnter !== undefined) onEnter();
        // All other keys are for whatever is around: Escape closes a dialog.
        else event.continuePropagation();
      }}
      className={cx("flex flex-col gap-[4px]", className)}
    >
      {!hideLabel && (
        <Label className={labelLook}>
          {label}
          {isRequired && <span aria-hidden="true"> *</span>}
        </Label>
      )}
      <div className="relative">
        {icon !== undefined && (
          <span className="pointer-events-none absolute inset-y-0 left-[8px] flex items-center text-soft">
            <Icon name={icon} size={14} />
          </span>
        )}
        {lines === undefined ? (
          <Input placeholder={placeholder ?? ""} className={cx(fieldLook, "h-[30px]", icon === undefined ? "px-[9px]" : "pr-[9px] pl-[28px]")} />
        ) : (
          <TextArea placeholder={placeholder ?? ""} rows={lines} className={cx(fieldLook, "block resize-y px-[9px] py-[6px]")} />
        )}
      </div>
      {error !== undefined ? (
        <Text slot="errorMessage" className="flex items-center gap-[5px] text-[12px] text-bad">
          <Icon name="alert" size={12} />
          {error}
        </Text>
      ) : (
        help !== undefined && (
          <Text slot="description" className="text-[12px] text-soft">
            {help}
          </Text>
        )
      )}
    </AriaTextField>
  );
}

export interface SelectProps<T extends string> {
  label: string;
  hideLabel?: boolean;
  options: readonly { value: T; label: string; detail?: string }[];
  value: T | null;
  onChange: (value: T) => void;
  placeholder?: string;
  isDisabled?: boolean;
  className?: string;
}

export function Select<T extends string>(props: SelectProps<T>) {
  const { label, hideLabel = false, options, value, onChange, placeholder = "Choose…", isDisabled = false, className } = props;
  return (
    <AriaSelect
      {...(hideLabel ? { "aria-label": label } : {})}
      value={value}
      onChange={(key) => {
        if (key !== null) onChange(String(key) as T);
      }}
      placeholder={placeholder}
      isDisabled={isDisabled}
      className={cx("flex flex-col gap-[4px]", className)}
    >
      {!hideLabel && <Label className={labelLook}>{label}</Label>}
      <AriaButton className="flex h-[30px] w-full items-center gap-[6px] rounded-[6px] border border-line-strong/70 bg-raised pr-[7px] pl-[9px] text-left text-[13px] text-ink data-hovered:border-line-strong data-disabled:opacity-45 data-focus-visible:outline-2 data-focus-visible:outline-offset-2 data-focus-visible:outline-accent">
        <SelectValue className="min-w-0 flex-1 truncate data-placeholder:text-soft [&_[slot=description]]:hidden" />
        <span className="text-soft">
          <Icon name="chevronDown" size={14} />
        </span>
      </AriaButton>
      <AriaPopover offset={4} className={cx(floating, "min-w-(--trigger-width) p-[4px]")}>
        <ListBox className="max-h-[320px] overflow-auto outline-none">
          {options.map((option) => (
            <ListBoxItem
              key={option.value}
              id={option.value}
              textValue={option.label}
              className="group flex min-h-[28px] items-center gap-[8px] rounded-[5px] px-[8px] py-[3px] text-[13px] text-ink outline-none data-focused:bg-accent-wash"
            >
              <span className="w-[14px] text-accent">
                <span className="hidden group-data-selected:block">
                  <Icon name="check" size={14} />
                </span>
              </span>
              <Text slot="label" className="flex-1">
                {option.label}
              </Text>
              {option.detail !== undefined && (
                <Text slot="description" className="text-[12px] text-soft tabular-nums">
                  {option.detail}
                </Text>
              )}
            </ListBoxItem>
          ))}
        </ListBox>
      </AriaPopover>
    </AriaSelect>
  );
}
