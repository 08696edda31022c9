// What the popup offers and what a choice writes. Pure, so that the awkward cases have tests:
// suggestions come from a server and are for a text that was there a moment ago.

export interface SuggestionOption {
  /** Written in place of `from`..`to`. */
  insert: string;
  label: string;
  detail?: string;
  /** `function`, `column`, `value`, `keyword`, `label`, `tag` …: shown as a small word. */
  kind: string;
}

/** Positions are UTF-16 units of the text that the suggestions are for. */
export interface Suggestions {
  from: number;
  to: number;
  options: readonly SuggestionOption[];
}

export interface Offer {
  from: number;
  to: number;
  options: readonly SuggestionOption[];
  /** Which one Enter takes at first; -1 where Enter should rather apply the filter. */
  preferred: number;
}

/**
 * The options that still fit. While the server is asked again, those for the text before go
 * on being offered, narrowed by what was typed since.
 */
export function offerFor(suggestions: Suggestions | null, textThen: string, textNow: string, cursor: number): Offer | null {
  if (suggestions === null || suggestions.options.length === 0) return null;
  const { from } = suggestions;
  if (cursor < from || textNow.slice(0, from) !== textThen.slice(0, from)) return null;
  const isSame = textThen === textNow;
  // The end moves with what was typed or taken away behind `from`.
  const to = isSame ? suggestions.to : suggestions.to + textNow.length - textThen.length;
  if (to < from || cursor > Math.max(to, from)) return null;
  const typed = textNow.slice(from, cursor).toLowerCase();
  const fits = (option: SuggestionOption) => {
    const plain = typed.replace(/^["']/, "");
    return option.insert.toLowerCase().startsWith(typed) || option.label.toLowerCase().includes(plain);
  };
  const options = isSame ? suggestions.options : suggestions.options.filter(fits);
  if (options.length === 0) return null;
  const isWhole = textNow.slice(from, to) === options[0]?.insert;
  if (isWhole && options.length === 1) return null;
  return { from, to, options, preferred: typed === "" || isWhole ? -1 : 0 };
}

export interface Edited {
  text: string;
  cursor: number;
}

export function accept(text: string, offer: Offer, option: SuggestionOption): Edited {
  const after = text.slice(offer.to);
  // "has(" is offered with its bracket; where one stands already it is not doubled.
  const insert = option.insert.endsWith("(") && after.startsWith("(") ? option.insert.slice(0, -1) : option.insert;
  const cursor = offer.from + insert.length + (insert === option.insert ? 0 : 1);
  return { text: text.slice(0, offer.from) + insert + after, cursor };
}

/** A filter is one line; what is pasted may be more. */
export function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, " ");
}

/** Filters applied before, walked through with the draft as the newest. */
export class FilterHistory {
  private entries: string[];
  /** Places back from the newest; 0 is the draft. */
  private back = 0;
  private draft = "";

  constructor(entries: readonly string[] = []) {
    this.entries = [...entries];
  }

  add(text: string): void {
    this.back = 0;
    if (text === "") return;
    // At most once, at its newest place; a hundred are more than anyone walks through.
    this.entries = [...this.entries.filter((entry) => entry !== text), text].slice(-100);
  }

  older(current: string): string | undefined {
    if (this.back === 0) this.draft = current;
    // What is written already is no step back.
    let next = this.back + 1;
    if (this.back === 0 && this.entries[this.entries.length - 1] === current) next++;
    const entry = this.entries[this.entries.length - next];
    if (entry !== undefined) this.back = next;
    return entry;
  }

  newer(): string | undefined {
    if (this.back === 0) return undefined;
    this.back--;
    const entry = this.back === 0 ? this.draft : this.entries[this.entries.length - this.back];
    // The draft may be the newest entry itself; then there is no step left.
    if (entry === this.draft) this.back = 0;
    return entry;
  }

  /** Typing makes a new draft of whatever was walked to. */
  leave(): void {
    this.back = 0;
  }
}
