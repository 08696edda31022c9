import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { cx } from "./cx";
import { floating } from "./Popover";
import { IconButton } from "./Button";

export interface DialogProps {
  isOpen: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  /** The buttons at the foot, the main one last. */
  actions?: ReactNode;
  width?: "narrow" | "medium" | "wide";
  /** Something would be lost: only an answer closes it. */
  mustAnswer?: boolean;
}

const WIDTHS = { narrow: "max-w-[400px]", medium: "max-w-[560px]", wide: "max-w-[860px]" };

export function Dialog({ isOpen, onClose, title, children, actions, width = "narrow", mustAnswer = false }: DialogProps) {
  return (
    <ModalOverlay
      isOpen={isOpen}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      isDismissable={!mustAnswer}
      isKeyboardDismissDisabled={mustAnswer}
      className="fixed inset-0 z-50 flex items-start justify-center overflow-y-auto bg-black/40 px-[16px] pt-[12vh] pb-[16px] dark:bg-black/60"
    >
      <Modal data-modal-open="" className={cx(floating, "w-full rounded-[10px]", WIDTHS[width])}>
        <AriaDialog role={mustAnswer ? "alertdialog" : "dialog"} className="flex flex-col outline-none">
          <div className="flex items-center gap-[8px] pt-[14px] pr-[12px] pl-[18px]">
            <Heading slot="title" className="flex-1 text-[15px] font-semibold">
              {title}
            </Heading>
            {!mustAnswer && <IconButton icon="close" label="Close" size="small" onPress={onClose} />}
          </div>
          <div className="px-[18px] pt-[6px] pb-[18px] text-[13px] leading-[1.5] text-soft">{children}</div>
          {actions !== undefined && (
            <div className="flex flex-wrap justify-end gap-[8px] border-t border-line px-[18px] py-[12px]">{actions}</div>
          )}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
