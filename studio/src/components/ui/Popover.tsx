import type { ReactNode } from "react";
import {
  Dialog as AriaDialog,
  DialogTrigger,
  Menu as AriaMenu,
  MenuItem,
  MenuSection,
  MenuTrigger,
  Popover as AriaPopover,
  Separator,
} from "react-aria-components";
import { cx } from "./cx";
import { Icon, type IconName } from "./icons";

/** How everything that floats above the page looks. */
export const floating =
  "rounded-[8px] border border-line bg-raised text-ink shadow-[0_8px_28px_rgb(0_0_0/.16),0_2px_6px_rgb(0_0_0/.08)] dark:shadow-[0_8px_28px_rgb(0_0_0/.55)] outline-none";

export type Placement = "bottom start" | "bottom end" | "bottom" | "top" | "top start" | "top end" | "right" | "left";

export interface PopoverProps {
  /** The button that opens it. */
  trigger: ReactNode;
  /** Its name for screen readers. */
  label: string;
  children: ReactNode | ((close: () => void) => ReactNode);
  placement?: Placement;
  className?: string;
}

export function Popover({ trigger, label, children, placement = "bottom start", className }: PopoverProps) {
  return (
    <DialogTrigger>
      {trigger}
      <AriaPopover offset={6} placement={placement} className={floating}>
        <AriaDialog aria-label={label} className={cx("p-[12px] text-[13px] outline-none", className)}>
          {({ close }) => (typeof children === "function" ? children(close) : children)}
        </AriaDialog>
      </AriaPopover>
    </DialogTrigger>
  );
}

export interface MenuEntry {
  key: string;
  label: string;
  icon?: IconName;
  /** A key that does the same, shown at the right. */
  shortcut?: string;
  isDanger?: boolean;
  isDisabled?: boolean;
}

export interface MenuProps {
  trigger: ReactNode;
  label: string;
  /** Each inner list is a section; a line is drawn between them. */
  sections: readonly (readonly MenuEntry[])[];
  onAction: (key: string) => void;
  placement?: Placement;
}

export function Menu({ trigger, label, sections, onAction, placement = "bottom start" }: MenuProps) {
  const filled = sections.filter((section) => section.length > 0);
  return (
    <MenuTrigger>
      {trigger}
      <AriaPopover offset={4} placement={placement} className={cx(floating, "min-w-[180px] p-[4px]")}>
        <AriaMenu aria-label={label} onAction={(key) => onAction(String(key))} className="max-h-[60vh] overflow-auto outline-none">
          {filled.flatMap((section, at) => [
            ...(at === 0 ? [] : [<Separator key={`line-${at}`} className="my-[4px] h-px bg-line" />]),
            <MenuSection key={`section-${at}`} aria-label={`${label}, part ${at + 1}`}>
              {section.map((entry) => (
                <MenuItem
                  key={entry.key}
                  id={entry.key}
                  textValue={entry.label}
                  isDisabled={entry.isDisabled ?? false}
                  className={cx(
                    "flex h-[28px] items-center gap-[8px] rounded-[5px] px-[8px] text-[13px] outline-none data-disabled:opacity-45",
                    entry.isDanger === true ? "text-bad data-focused:bg-bad-wash" : "data-focused:bg-accent-wash",
                  )}
                >
                  {entry.icon !== undefined && (
                    <span className={entry.isDanger === true ? "" : "text-soft"}>
                      <Icon name={entry.icon} />
                    </span>
                  )}
                  <span className="flex-1 whitespace-nowrap">{entry.label}</span>
                  {entry.shortcut !== undefined && <kbd className="pl-[16px] font-sans text-[11.5px] text-soft">{entry.shortcut}</kbd>}
                </MenuItem>
              ))}
            </MenuSection>,
          ])}
        </AriaMenu>
      </AriaPopover>
    </MenuTrigger>
  );
}
