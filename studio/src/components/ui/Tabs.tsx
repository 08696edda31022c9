import type { ReactNode } from "react";
import { Tab, TabList, TabPanel, Tabs as AriaTabs } from "react-aria-components";
import { useInSight } from "./sight";

export interface TabsProps<T extends string> {
  label: string;
  tabs: readonly { key: T; label: string; count?: number; content: ReactNode }[];
  selected: T;
  onSelect: (key: T) => void;
}

export function Tabs<T extends string>({ label, tabs, selected, onSelect }: TabsProps<T>) {
  // A number that comes later moves what is behind it.
  const row = useInSight<HTMLDivElement>("[data-selected]", [selected, ...tabs.map(({ count }) => count)].join(" "));
  return (
    <AriaTabs selectedKey={selected} onSelectionChange={(key) => onSelect(String(key) as T)} className="flex min-h-0 flex-col">
      <TabList ref={row} aria-label={label} className="flex shrink-0 gap-[16px] overflow-x-auto border-b border-line px-[14px]">
        {tabs.map((tab) => (
          <Tab
            key={tab.key}
            id={tab.key}
            className="-mb-px flex h-[34px] shrink-0 cursor-default items-center gap-[6px] border-b-2 border-transparent text-[13px] font-medium text-soft outline-none data-hovered:text-ink data-selected:border-accent data-selected:text-ink data-focus-visible:rounded-[4px] data-focus-visible:outline-2 data-focus-visible:-outline-offset-2 data-focus-visible:outline-accent"
          >
            {tab.label}
            {tab.count !== undefined && (
              <span className="rounded-full bg-ink/8 px-[6px] text-[11px] text-soft tabular-nums">{tab.count.toLocaleString("en")}</span>
            )}
          </Tab>
        ))}
      </TabList>
      {tabs.map((tab) => (
        <TabPanel key={tab.key} id={tab.key} className="min-h-0 flex-1 pt-[12px] outline-none data-focus-visible:outline-2 data-focus-visible:outline-accent">
          {tab.content}
        </TabPanel>
      ))}
    </AriaTabs>
  );
}
