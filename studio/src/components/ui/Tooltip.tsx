import type { ReactNode } from "react";
import { Tooltip as AriaTooltip, TooltipTrigger } from "react-aria-components";

export interface TooltipProps {
  /** The one element that the tooltip is of: a button of ours or of react-aria. */
  children: ReactNode;
  text: ReactNode;
  shortcut?: string | undefined;
  placement?: "top" | "bottom" | "left" | "right";
  isDisabled?: boolean;
}

export function Tooltip({ children, text, shortcut, placement = "top", isDisabled = false }: TooltipProps) {
  return (
    <TooltipTrigger delay={450} closeDelay={80} isDisabled={isDisabled}>
      {children}
      <AriaTooltip
        offset={6}
        placement={placement}
        className="flex max-w-[280px] items-center gap-[8px] rounded-[6px] bg-ink px-[8px] py-[4px] text-[12px] text-paper shadow-lg"
      >
        {text}
        {shortcut !== undefined && <kbd className="font-sans text-[11px] opacity-75">{shortcut}</kbd>}
      </AriaTooltip>
    </TooltipTrigger>
  );
}
