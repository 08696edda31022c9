// All keys, written from the one table that knows them.

import { Button, Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { CloseIcon } from "./icons";
import { POINTER_ROWS, cheatSheet } from "./keys";
import { Key } from "./parts";
import type { EditorDeed } from "./types";
import { IS_MAC } from "./useKeys";

interface CheatSheetProps {
  deeds?: readonly EditorDeed[] | undefined;
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
}

export function CheatSheet({ deeds, isOpen, onOpenChange }: CheatSheetProps) {
  return (
    <ModalOverlay
      isOpen={isOpen}
      onOpenChange={onOpenChange}
      isDismissable
      className="fixed inset-0 z-40 grid place-items-center bg-black/45 p-4"
    >
      <Modal className="max-h-full w-full max-w-[880px] overflow-y-auto rounded-xl border border-line bg-raised shadow-2xl">
        <Dialog className="p-5 outline-none">
          {({ close }) => (
            <>
              <div className="mb-3 flex items-center justify-between">
                <Heading slot="title" className="text-base font-semibold text-ink">
                  Keys and mouse
                </Heading>
                <Button
                  aria-label="Close"
                  autoFocus
                  onPress={close}
                  className="grid size-7 place-items-center rounded-md text-soft outline-none hover:bg-sunken hover:text-ink data-[focus-visible]:outline-2 data-[focus-visible]:outline-accent"
                >
                  <CloseIcon />
                </Button>
              </div>
              <div className="gap-x-8 sm:columns-2">
                {cheatSheet(IS_MAC, deeds).map(({ group, rows }) => (
                  <Group key={group} title={group} rows={rows.map(({ keys, does }) => [does, keys])} />
                ))}
                <Group title="Mouse, pen and fingers" rows={POINTER_ROWS.map(([deed, does]) => [does, [deed]])} />
              </div>
            </>
          )}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Group({ title, rows }: { title: string; rows: [does: string, keys: string[]][] }) {
  const isMouse = title.startsWith("Mouse");
  return (
    <section className="mb-4 break-inside-avoid">
      <h3 className="mb-1 text-xs font-semibold text-soft">{title}</h3>
      <dl>
        {rows.map(([does, keys]) => (
          <div key={does} className="flex min-h-7 items-center justify-between gap-4 border-b border-line py-0.5 text-[13px]">
            <dt className="text-ink first-letter:uppercase">{does}</dt>
            <dd className="flex shrink-0 flex-wrap justify-end gap-1 text-soft">
              {keys.map((key) => (isMouse ? <span key={key}>{key}</span> : <Key key={key}>{key}</Key>))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
