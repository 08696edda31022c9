import { useEffect, useRef } from "react";
import { cx, floating } from "../ui";
import type { Offer, SuggestionOption } from "./complete";

export interface OffersProps {
  id: string;
  offer: Offer;
  active: number;
  /** Where the word stands that is completed, in pixels of the bar. */
  left: number;
  top: number;
  onChoose: (option: SuggestionOption) => void;
  onActive: (index: number) => void;
}

export const optionId = (id: string, index: number) => `${id}-${index}`;

/** The popup below the word. The focus stays in the input; the pointer can choose too. */
export function Offers({ id, offer, active, left, top, onChoose, onActive }: OffersProps) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    if (active >= 0) list.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [active]);
  return (
    <ul
      ref={list}
      id={id}
      role="listbox"
      aria-label="Completions"
      className={cx(floating, "absolute z-40 max-h-[276px] w-[320px] max-w-full overflow-y-auto p-[4px]")}
      style={{ left, top }}
    >
      {offer.options.map((option, at) => (
        <li
          key={`${option.kind} ${option.insert}`}
          id={optionId(id, at)}
          role="option"
          aria-selected={at === active}
          // Before the input would lose the focus.
          onPointerDown={(event) => {
            event.preventDefault();
            onChoose(option);
          }}
          onPointerMove={() => onActive(at)}
          className={cx("flex h-[27px] items-center gap-[8px] rounded-[5px] px-[8px] text-[12.5px]", at === active && "bg-accent-wash")}
        >
          <span className="min-w-0 truncate font-mono text-ink">{option.label}</span>
          {option.detail !== undefined && <span className="min-w-0 flex-1 truncate text-[12px] text-soft">{option.detail}</span>}
          <span className="ml-auto shrink-0 text-[11px] text-soft">{option.kind}</span>
        </li>
      ))}
    </ul>
  );
}
