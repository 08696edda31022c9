// The filter of the catalog as one line of text: coloured as it is typed, completed, and
// applied by Enter. It knows no filter's meaning: suggestions and errors come from the caller,
// who asks the server whenever `onDraft` says that text or cursor changed.

import { useCallback, useEffect, useId, useLayoutEffect, useRef, useState, type ChangeEvent, type KeyboardEvent } from "react";
import { Kbd } from "../shell/Kbd";
import { useShortcut } from "../shell/useShortcut";
import { cx, Icon, IconButton, Spinner } from "../ui";
import { Coloured } from "./Coloured";
import { accept, FilterHistory, offerFor, oneLine, type SuggestionOption, type Suggestions } from "./complete";
import { optionId, Offers } from "./Offers";

export interface FilterError {
  /** UTF-16 units of the draft; see `utf16FromByte` where the server counts bytes. */
  from: number;
  to: number;
  message: string;
}

export interface FilterBarProps {
  /** The filter that is applied. */
  value: string;
  onCommit: (text: string) => void;
  /** Text or cursor changed: the moment to ask for suggestions and errors. */
  onDraft: (text: string, cursor: number) => void;
  suggestions: Suggestions | null;
  error: FilterError | null;
  /** The applied filter as the server understood it; shown where it reads otherwise. */
  normal?: string | null;
  isBusy?: boolean;
  /** Frames that the applied filter hits; null while nobody knows. */
  total: number | null;
  /** What is counted. */
  noun?: string;
  /** Filters applied before, the newest last. */
  history?: readonly string[];
  placeholder?: string;
}

/** Someone in the middle of a word needs no red line; after so long it is a mistake. */
const MISTAKE_MS = 600;
const TEXT = "col-start-1 row-start-1 min-h-[34px] w-full whitespace-pre-wrap wrap-anywhere px-[2px] py-[7px] font-mono text-[13px] leading-[20px] [font-variant-ligatures:none]";

export function FilterBar(props: FilterBarProps) {
  const { value, onCommit, onDraft, suggestions, error, normal, isBusy = false, total, noun = "frames" } = props;
  const id = useId();
  const input = useRef<HTMLTextAreaElement>(null);
  const mark = useRef<HTMLSpanElement>(null);
  const [draft, setDraft] = useState(value);
  const [cursor, setCursor] = useState(value.length);
  const [isOpen, setIsOpen] = useState(false);
  const [active, setActive] = useState<number | null>(null);
  const [isTyping, setIsTyping] = useState(false);
  const [history] = useState(() => new FilterHistory(props.history));

  // A filter set from elsewhere takes the place of the draft.
  const [seen, setSeen] = useState(value);
  if (seen !== value) {
    setSeen(value);
    setDraft(value);
    setCursor(value.length);
  }

  // Suggestions are for the text at the moment they came.
  const [came, setCame] = useState({ suggestions, text: draft });
  if (came.suggestions !== suggestions) setCame({ suggestions, text: draft });
  const offer = isOpen ? offerFor(suggestions, came.text, draft, cursor) : null;
  const chosen = offer === null ? -1 : Math.min(active ?? offer.preferred, offer.options.length - 1);
  const wrong = isTyping ? null : error;

  const isReadOtherwise = normal != null && normal !== "" && normal !== draft && draft === value;

  useEffect(() => {
    if (!isTyping) return;
    const timer = setTimeout(() => setIsTyping(false), MISTAKE_MS);
    return () => clearTimeout(timer);
  }, [isTyping, draft]);

  const tell = useRef(onDraft);
  tell.current = onDraft;
  const edit = useCallback((text: string, at: number, opens: boolean) => {
    setDraft(text);
    setCursor(at);
    setActive(null);
    setIsOpen(opens);
    setIsTyping(true);
    tell.current(text, at);
  }, []);

  // React puts the cursor at the end of a text that it writes.
  const wishedCursor = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (wishedCursor.current === null) return;
    input.current?.setSelectionRange(wishedCursor.current, wishedCursor.current);
    wishedCursor.current = null;
  });

  const write = (text: string, at: number, opens: boolean) => {
    wishedCursor.current = at;
    edit(text, at, opens);
  };
  const commit = (text: string) => {
    history.add(text.trim());
    setIsOpen(false);
    setIsTyping(false);
    onCommit(text.trim());
  };
  const choose = (option: SuggestionOption) => {
    if (offer === null) return;
    const edited = accept(draft, offer, option);
    write(edited.text, edited.cursor, true);
  };

  useShortcut("/", () => {
    input.current?.focus();
    input.current?.select();
  });

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const { key } = event;
    if (event.altKey && (key === "ArrowUp" || key === "ArrowDown")) {
      const entry = key === "ArrowUp" ? history.older(draft) : history.newer();
      if (entry !== undefined) write(entry, entry.length, false);
    } else if (key === "ArrowDown" || key === "ArrowUp") {
      if (offer === null) {
        // In a filter of several lines the arrows move the cursor as anywhere.
        if (key === "ArrowUp" || cursor < draft.length) return;
        setIsOpen(true);
        setActive(0);
        tell.current(draft, cursor);
      } else {
        const count = offer.options.length;
        setActive(key === "ArrowDown" ? (chosen + 1) % count : (Math.max(chosen, 0) - 1 + count) % count);
      }
    } else if (key === " " && event.ctrlKey) {
      setIsOpen(true);
      tell.current(draft, cursor);
    } else if (key === "Tab" && offer !== null && !event.shiftKey) {
      const option = offer.options[Math.max(chosen, 0)];
      if (option !== undefined) choose(option);
    } else if (key === "Enter") {
      const option = offer?.options[chosen];
      if (option !== undefined && !event.ctrlKey && !event.metaKey) choose(option);
      else commit(draft);
    } else if (key === "Escape") {
      if (offer !== null) setIsOpen(false);
      else if (draft !== value) write(value, value.length, false);
      else input.current?.blur();
    } else return;
    event.preventDefault();
  };

  const onChange = (event: ChangeEvent<HTMLTextAreaElement>) => {
    const { value: typed, selectionStart } = event.target;
    const text = oneLine(typed);
    history.leave();
    if (text === typed) edit(text, selectionStart, true);
    else write(text, oneLine(typed.slice(0, selectionStart)).length, true);
  };

  const onSelect = () => {
    const at = input.current?.selectionStart ?? cursor;
    if (at === cursor) return;
    setCursor(at);
    tell.current(draft, at);
  };

  const [spot, setSpot] = useState({ left: 0, top: 0 });
  const from = offer?.from;
  useLayoutEffect(() => {
    const place = mark.current;
    const bar = place?.closest<HTMLElement>("[data-filterbar]");
    if (from === undefined || place === null || bar == null) return;
    const [a, b] = [place.getBoundingClientRect(), bar.getBoundingClientRect()];
    setSpot({ left: Math.max(0, Math.min(a.left - b.left - 12, b.width - 320)), top: a.bottom - b.top + 8 });
  }, [from, draft]);

  return (
    <div className={cx("min-w-0", total !== null && wrong === null && !isReadOtherwise && "max-sm:pb-[22px]")}>
      <div
        data-filterbar=""
        className={cx(
          "relative flex items-start gap-[6px] rounded-[8px] border bg-raised pr-[5px] pl-[10px] focus-within:outline-2 focus-within:-outline-offset-1",
          wrong === null ? "border-line-strong/70 focus-within:border-accent focus-within:outline-accent/35" : "border-bad focus-within:outline-bad/30",
        )}
      >
        <span className="flex h-[34px] items-center text-soft">
          <Icon name="filter" size={14} />
        </span>
        <div className="relative grid min-w-0 flex-1">
          <div aria-hidden="true" className={cx(TEXT, "pointer-events-none")}>
            {from === undefined ? (
              <Coloured text={draft} wrong={wrong} />
            ) : (
              <>
                {/* The mark has no width, and the colours are of the whole: the text breaks where that of the input does. */}
                <span className="absolute inset-0 px-[2px] py-[7px] whitespace-pre-wrap opacity-0">
                  {draft.slice(0, from)}
                  <span ref={mark} />
                  {draft.slice(from)}
                </span>
                <Coloured text={draft} wrong={wrong} />
              </>
            )}
            {"\u200b"}
          </div>
          <textarea
            ref={input}
            rows={1}
            role="combobox"
            aria-label="Filter"
            aria-expanded={offer !== null}
            aria-haspopup="listbox"
            aria-autocomplete="list"
            aria-controls={offer === null ? undefined : id}
            aria-activedescendant={offer !== null && chosen >= 0 ? optionId(id, chosen) : undefined}
            aria-invalid={wrong !== null}
            aria-describedby={wrong === null ? undefined : `${id}-error`}
            spellCheck={false}
            autoCapitalize="off"
            autoComplete="off"
            autoCorrect="off"
            placeholder={props.placeholder ?? "has(person, conf >= 0.8) and tod = night"}
            value={draft}
            onChange={onChange}
            onSelect={onSelect}
            onKeyDown={onKeyDown}
            onFocus={() => tell.current(draft, input.current?.selectionStart ?? 0)}
            onBlur={() => {
              setIsOpen(false);
              setIsTyping(false);
            }}
            className={cx(TEXT, "block h-full resize-none overflow-hidden bg-transparent text-transparent caret-ink outline-none placeholder:overflow-hidden placeholder:text-ellipsis placeholder:whitespace-nowrap placeholder:text-soft/90 selection:bg-accent/25 selection:text-transparent")}
          />
        </div>
        <div className="flex h-[34px] shrink-0 items-center gap-[6px]">
          {draft !== value && wrong === null && (
            <span className="flex items-center text-[12px] text-soft max-sm:hidden">
              <Kbd keys="Enter" />
              <span className="pl-[5px]">to apply</span>
            </span>
          )}
          {/* On narrow screens the text needs the room: there the count stands below. */}
          <span role="status" className="flex items-center gap-[6px] text-[12px] text-soft tabular-nums max-sm:absolute max-sm:top-full max-sm:right-[4px] max-sm:pt-[4px]">
            {isBusy && <Spinner size={14} label="Asking" />}
            {total !== null && (
              <span className={cx(wrong !== null && "max-sm:hidden")}>
                <span className="font-medium text-ink">{total.toLocaleString("en")}</span> {noun}
              </span>
            )}
          </span>
          {draft !== "" && (
            <IconButton
              icon="close"
              label="Clear the filter"
              size="small"
              onPress={() => {
                write("", 0, false);
                commit("");
                input.current?.focus();
              }}
            />
          )}
          {draft === "" && (
            <span className="pr-[3px] max-sm:hidden">
              <Kbd keys="/" />
            </span>
          )}
        </div>
        {offer !== null && <Offers id={id} offer={offer} active={chosen} left={spot.left} top={spot.top} onChoose={choose} onActive={setActive} />}
      </div>
      {wrong !== null ? (
        <p id={`${id}-error`} role="alert" className="flex items-center gap-[6px] px-[10px] pt-[5px] text-[12.5px] text-bad">
          <Icon name="alert" size={13} />
          {wrong.message}
        </p>
      ) : (
        isReadOtherwise && (
          <p className="truncate px-[10px] pt-[5px] text-[12px] text-soft max-sm:mr-[96px]">
            Read as <code className="font-mono text-[12px]"><Coloured text={normal ?? ""} /></code>
          </p>
        )
      )}
    </div>
  );
}
