// The sheet of keys: those of the page, and those of every page.

import { Kbd, useShortcut } from "../components/shell";
import { Dialog } from "../components/ui";
import { closeKeys, openKeys, useKeys, type KeyRow } from "./keys";

const EVERYWHERE: readonly KeyRow[] = [
  { keys: ["?"], does: "these keys" },
  { keys: ["Tab", "Shift+Tab"], does: "to the next or the last control" },
];

export function KeySheet() {
  const { title, rows, isOpen, isElsewhere } = useKeys();
  useShortcut("?", openKeys, !isElsewhere);
  return (
    <Dialog isOpen={isOpen} onClose={closeKeys} title="Keys" width={rows.length > 9 ? "wide" : "medium"}>
      <div className={rows.length > 9 ? "gap-x-[32px] sm:columns-2" : ""}>
        {rows.length > 0 && <Group title={title} rows={rows} />}
        <Group title="Everywhere" rows={EVERYWHERE} />
      </div>
    </Dialog>
  );
}

function Group({ title, rows }: { title: string; rows: readonly KeyRow[] }) {
  return (
    <section className="pb-[14px]">
      <h3 className="pb-[4px] text-[12px] font-semibold text-soft">{title}</h3>
      <dl>
        {rows.map(({ keys, does }) => (
          <div key={does} className="flex min-h-[30px] break-inside-avoid items-center justify-between gap-[16px] border-b border-line py-[3px] text-[13px] text-ink">
            <dt className="first-letter:uppercase">{does}</dt>
            <dd className="flex shrink-0 gap-[6px]">
              {keys.map((key) => (
                <Kbd key={key} keys={key} />
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
