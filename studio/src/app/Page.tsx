// A page of text and tables: a heading, and what it is about, in a column that can be read.

import type { ReactNode } from "react";

/** Links that look like buttons: they go somewhere, so they are links. */
export const LINK_BUTTON = {
  plain: "inline-flex h-[30px] items-center gap-[6px] rounded-[6px] border border-line-strong/70 bg-raised px-[11px] text-[13px] font-medium whitespace-nowrap text-ink hover:border-line-strong hover:bg-paper dark:hover:bg-line",
  primary: "inline-flex h-[30px] items-center gap-[6px] rounded-[6px] border border-accent bg-accent px-[11px] text-[13px] font-medium whitespace-nowrap text-accent-ink hover:brightness-110",
};

interface PageProps {
  title: ReactNode;
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, about, actions, children }: PageProps) {
  return (
    <div className="relative h-full overflow-y-auto">
      <div className="mx-auto max-w-[1240px] px-[24px] pt-[22px] pb-[48px] max-sm:px-[14px]">
        <header className="flex flex-wrap items-center gap-x-[14px] gap-y-[8px] pb-[16px]">
          <h1 className="min-w-0 text-[20px] font-semibold tracking-[-0.01em] wrap-anywhere">{title}</h1>
          {about !== undefined && <p className="pt-[3px] text-[13px] text-soft tabular-nums">{about}</p>}
          <span className="flex-1 max-sm:hidden" />
          {actions !== undefined && <div className="flex flex-wrap items-center gap-[8px]">{actions}</div>}
        </header>
        {children}
      </div>
    </div>
  );
}

export function Card({ title, about, children, className = "" }: { title?: ReactNode; about?: ReactNode; children: ReactNode; className?: string }) {
  return (
    <section className={`rounded-[10px] border border-line bg-card ${className}`}>
      {title !== undefined && (
        <header className="flex flex-wrap items-baseline gap-[10px] border-b border-line px-[16px] py-[10px]">
          <h2 className="text-[13.5px] font-semibold">{title}</h2>
          {about !== undefined && <p className="text-[12.5px] text-soft">{about}</p>}
        </header>
      )}
      {children}
    </section>
  );
}
