// What may stand at the cursor of a filter: words of the language, and names that this
// catalog has. What is right is for the server to say; this only spares typing.

import type { Schemas } from "../api/client";
import type { SuggestionOption, Suggestions } from "../components/filterbar";
import { tokenize } from "../components/filterbar/tokens";
import { quote } from "./clauses";

export type Vocabulary = Schemas["Vocabulary"];

/** Offered at once. */
const MOST = 40;

const BEGINNINGS: SuggestionOption[] = [
  { insert: "has(", label: "has(…)", detail: "something of a label", kind: "function" },
  { insert: "count(", label: "count(…)", detail: "so many boxes of a label", kind: "function" },
  { insert: "not ", label: "not", detail: "the opposite", kind: "keyword" },
  { insert: "time in ", label: "time in …", detail: "when it was taken", kind: "column" },
  { insert: "tod = ", label: "tod = …", detail: "day, dusk or night, by the sun", kind: "column" },
  { insert: "tag = ", label: "tag = …", detail: "what people noted", kind: "column" },
  { insert: "selection = ", label: "selection = …", detail: "what was saved", kind: "column" },
  { insert: "within(", label: "within(…)", detail: "so far from a place: within(48.1, 11.5, 2km)", kind: "function" },
  { insert: "in_box(", label: "in_box(…)", detail: "south, west, north, east", kind: "function" },
];

const OPERATORS: SuggestionOption[] = ["=", "!=", "<", "<=", ">", ">=", "in ("].map((operator) => ({
  insert: `${operator}${operator.endsWith("(") ? "" : " "}`,
  label: operator,
  kind: "operator",
}));

const JOINTS: SuggestionOption[] = ["and", "or"].map((word) => ({ insert: `${word} `, label: word, kind: "keyword" }));

/** Columns with values of their own in the vocabulary, or in the language. */
function valuesOf(column: string, words: Vocabulary): SuggestionOption[] | null {
  const named = (names: readonly { name: string; count: number }[], kind: string) =>
    names.map(({ name, count }) => ({ insert: quote(name), label: name, detail: `${count.toLocaleString("en")} frames`, kind }));
  switch (column.toLowerCase()) {
    case "camera":
      return named(words.cameras, "camera");
    case "recording":
      return named(words.recordings, "recording");
    case "tag":
      return named(words.tags, "tag");
    case "selection":
      return words.selections.map((name) => ({ insert: quote(name), label: name, kind: "selection" }));
    case "tod":
      return ["day", "dusk", "night"].map((name) => ({ insert: name, label: name, kind: "value" }));
    default:
      return null;
  }
}

interface Place {
  /** Of the word that is being typed. */
  from: number;
  typed: string;
  /** The words before it, without spaces. */
  before: string[];
}

function placeOf(text: string, cursor: number): Place {
  const solid = tokenize(text.slice(0, cursor)).filter((token) => token.kind !== "space");
  const last = solid.at(-1);
  const isWord = last !== undefined && !["operator", "bracket", "strange"].includes(last.kind);
  // A closed text is done; a word goes on until a space.
  const goesOn = isWord && last.to === cursor && last.kind !== "text";
  const before = (goesOn ? solid.slice(0, -1) : solid).map((token) => text.slice(token.from, token.to));
  return { from: goesOn ? last.from : cursor, typed: goesOn ? text.slice(last.from, cursor) : "", before };
}

/** The bracket that is open at the end of some words: what stands before it and since. */
function openBracket(words: readonly string[]): { name: string; inside: string[] } | null {
  let depth = 0;
  for (let at = words.length - 1; at >= 0; at--) {
    if (words[at] === ")") depth++;
    if (words[at] !== "(") continue;
    if (depth === 0) return { name: (words[at - 1] ?? "").toLowerCase(), inside: words.slice(at + 1) };
    depth--;
  }
  return null;
}

const isOperator = (word: string | undefined) => word !== undefined && /^(=|==|!=|<>|<|<=|>|>=)$/.test(word);

function optionsAt({ before }: Place, words: Vocabulary): SuggestionOption[] {
  const last = before.at(-1)?.toLowerCase();
  const open = openBracket(before);
  if (open !== null && (open.name === "has" || open.name === "count")) {
    if (open.inside.length === 0) {
      return words.labels.map(({ name, count }) => ({
        insert: quote(name),
        label: name,
        detail: `${count.toLocaleString("en")} detections`,
        kind: "label",
      }));
    }
    if (last === ",") {
      return [
        { insert: "conf >= 0.5", label: "conf >= …", detail: "how sure the model is, 0 to 1", kind: "keyword" },
        { insert: "area > 0.1", label: "area > …", detail: "share of the image", kind: "keyword" },
      ];
    }
    const isWhole = open.inside.length === 1 || open.inside.length % 4 === 1;
    return isWhole ? [{ insert: ") ", label: ")", kind: "keyword" }, { insert: ", ", label: ",", detail: "a condition", kind: "keyword" }] : [];
  }
  if (open !== null && (open.name === "within" || open.name === "in_box")) return [];
  if (open !== null && open.name === "in") {
    const column = before[before.length - open.inside.length - 3] ?? "";
    return last === "," || open.inside.length === 0 ? (valuesOf(column, words) ?? []) : [{ insert: ") ", label: ")", kind: "keyword" }];
  }
  if (isOperator(last)) return before.at(-2) === ")" ? [] : (valuesOf(before.at(-2) ?? "", words) ?? []);
  const isName = last !== undefined && !["and", "or", "not", "(", ")", "in", ",", ".."].includes(last);
  const isAfterOperator = isOperator(before.at(-2)) || (before.at(-2)?.toLowerCase() === "in" && last !== "(");
  if (last === ")" || (isName && isAfterOperator)) {
    const isCount = last === ")" && countsJustNow(before);
    return isCount ? OPERATORS.slice(0, 6) : JOINTS;
  }
  if (isName) return OPERATORS;
  if (last === "in") return [{ insert: "(", label: "(", detail: "a list", kind: "operator" }];
  const columns = words.columns.map(({ name, kind }) => ({ insert: `${name} `, label: name, detail: kind, kind: "column" }));
  return [...BEGINNINGS, ...columns];
}

/** Whether the bracket that was just closed is that of `count(…)`. */
function countsJustNow(before: readonly string[]): boolean {
  let depth = 0;
  for (let at = before.length - 1; at >= 0; at--) {
    if (before[at] === ")") depth++;
    if (before[at] === "(" && --depth === 0) return before[at - 1]?.toLowerCase() === "count";
  }
  return false;
}

/** What may stand at the cursor; null where nothing is known. */
export function suggest(text: string, cursor: number, words: Vocabulary): Suggestions | null {
  const place = placeOf(text, cursor);
  const typed = place.typed.toLowerCase().replaceAll("_", " ").replace(/^["']/, "");
  const rank = (option: SuggestionOption) => {
    const label = option.label.toLowerCase().replaceAll("_", " ");
    if (label.startsWith(typed)) return 0;
    if (label.split(/[^\p{L}\p{N}]+/u).some((word) => word.startsWith(typed))) return 1;
    return label.includes(typed) ? 2 : 3;
  };
  const options = optionsAt(place, words)
    .map((option) => ({ option, rank: rank(option) }))
    .filter(({ rank }) => rank < 3)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, MOST)
    .map(({ option }) => option);
  const isDone = options.length === 1 && options[0]?.insert.trim() === place.typed;
  return options.length === 0 || isDone ? null : { from: place.from, to: cursor, options };
}
