import { useState, type KeyboardEvent } from "react";
import { Button, CheckMark, cx, Icon, IconButton, TextField } from "../ui";

export type BarState = "in" | "out" | null;

export interface BarItem {
  key: string;
  label: string;
  count: number;
  /** A dot of this colour: that of the label's boxes. */
  colour?: string;
  /** Asked for, left out, or neither. */
  state: BarState;
}

export interface BarListProps {
  label: string;
  /** In the order they are shown. */
  items: readonly BarItem[];
  onState: (key: string, state: BarState) => void;
  /** How many are shown before "show more". */
  shownAtFirst?: number;
}

/** With more than so many, a person would rather type than look. */
const SEARCH_FROM = 12;

/**
 * What there is how often. A click asks for it or stops asking; Alt and a click leaves it out,
 * as does the button at the row's end, which fingers and screen readers can find.
 */
export function BarList({ label, items, onState, shownAtFirst = 8 }: BarListProps) {
  const [search, setSearch] = useState("");
  const [isLong, setIsLong] = useState(false);
  const most = items.reduce((most, { count }) => Math.max(most, count), 1);
  const wanted = search.trim().toLowerCase();
  const found = items.filter((item) => item.label.toLowerCase().includes(wanted));
  const isCut = !isLong && wanted === "" && found.length > shownAtFirst + 1;
  // What is chosen stays in sight however rare it is.
  const shown = isCut ? found.filter((item, at) => at < shownAtFirst || item.state !== null) : found;
  const toggle = (item: BarItem, state: "in" | "out") => onState(item.key, item.state === state ? null : state);
  const onKeyDown = (event: KeyboardEvent, item: BarItem) => {
    if (event.altKey && event.key === "Enter") {
      event.preventDefault();
      toggle(item, "out");
    }
  };
  return (
    <div role="group" aria-label={label} className="min-w-0 text-[12.5px]">
      {items.length > SEARCH_FROM && <TextField hideLabel label={`Search ${label}`} icon="search" type="search" placeholder="Search" value={search} onChange={setSearch} className="pb-[6px]" />}
      <ul>
        {shown.map((item) => (
          <li key={item.key} className="group/bar relative flex items-center">
            <button
              type="button"
              aria-pressed={item.state === "in"}
              title={item.label}
              onClick={(event) => toggle(item, event.altKey ? "out" : "in")}
              onKeyDown={(event) => onKeyDown(event, item)}
              className="relative flex h-[27px] min-w-0 flex-1 items-center gap-[7px] overflow-hidden rounded-[5px] px-[6px] text-left hover:bg-ink/5"
            >
              <span className="absolute inset-y-[2px] left-[28px] rounded-[3px] bg-accent/12" style={{ width: `calc((100% - 34px) * ${item.count / most})` }} />
              <span className="relative">
                {item.state === "out" ? (
                  <span className="flex size-[16px] items-center justify-center rounded-[4px] border border-bad/60 bg-bad-wash text-bad">
                    <Icon name="minus" size={12} />
                  </span>
                ) : (
                  <CheckMark isChecked={item.state === "in"} />
                )}
              </span>
              {item.colour !== undefined && <span className="relative size-[8px] shrink-0 rounded-full ring-1 ring-ink/20" style={{ background: item.colour }} />}
              <span className={cx("relative min-w-0 flex-1 truncate", item.state === "out" && "text-soft line-through")}>{item.label}</span>
              <span className="relative text-soft tabular-nums">{item.count.toLocaleString("en")}</span>
              {item.state === "out" && <span className="sr-only">left out</span>}
            </button>
            <span className="opacity-0 group-focus-within/bar:opacity-100 group-hover/bar:opacity-100 [@media(hover:none)]:opacity-100">
              <IconButton size="small" icon={item.state === "out" ? "plus" : "eyeOff"} label={item.state === "out" ? `Let ${item.label} be` : `Leave out ${item.label}`} onPress={() => toggle(item, "out")} />
            </span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="px-[6px] py-[6px] text-soft">{wanted === "" ? "None." : `Nothing is called “${search.trim()}”.`}</p>}
      {(isCut || (isLong && wanted === "")) && (
        <Button kind="quiet" size="small" onPress={() => setIsLong(!isLong)} icon={isLong ? "chevronUp" : "chevronDown"}>
          {isLong ? "Show fewer" : `Show all ${found.length}`}
        </Button>
      )}
    </div>
  );
}
