// A filter as a list of clauses that all must hold, for who clicks rather than types. The
// text stays the one truth: a click rewrites its clause and leaves the others as they were
// written. What cannot be read as such a list is kept whole, in brackets.

import { tokenize, type Token } from "../components/filterbar/tokens";

const KEYWORDS = new Set([
  "and", "or", "not", "in", "has", "count", "time", "within", "in_box", "tod", "tag", "selection", "conf",
]);

/** The clauses between which `and` stands; one alone where `or` stands anywhere outside brackets. */
export function clausesOf(text: string): string[] {
  const solid = tokenize(text).filter((token) => token.kind !== "space");
  if (solid.length === 0) return [];
  const clauses: string[] = [];
  let depth = 0;
  let from = 0;
  for (const token of solid) {
    const word = wordOf(text, token);
    if (word === "(") depth++;
    else if (word === ")") depth--;
    else if (depth === 0 && token.kind !== "text" && word === "or") return [`(${text.trim()})`];
    else if (depth === 0 && token.kind !== "text" && word === "and") {
      clauses.push(text.slice(from, token.from).trim());
      from = token.to;
    }
  }
  clauses.push(text.slice(from).trim());
  return clauses.filter((clause) => clause !== "");
}

export function joined(clauses: readonly string[]): string {
  const only = clauses.length === 1 ? clauses[0] : undefined;
  // The brackets of a lone clause say nothing.
  if (only !== undefined && isBracketed(only)) return only.slice(1, -1).trim();
  return clauses.join(" and ");
}

function isBracketed(text: string): boolean {
  const solid = tokenize(text).filter((token) => token.kind !== "space");
  if (wordOf(text, solid[0]) !== "(" || wordOf(text, solid.at(-1)) !== ")") return false;
  let depth = 0;
  return solid.every((token, place) => {
    const word = wordOf(text, token);
    if (word === "(") depth++;
    if (word === ")") depth--;
    return depth > 0 || place === solid.length - 1;
  });
}

function wordOf(text: string, token: Token | undefined): string {
  return token === undefined ? "" : text.slice(token.from, token.to).toLowerCase();
}

/** A name as a filter has it: in quotes where it is no plain word. */
export function quote(name: string): string {
  const isPlain = /^[\p{L}\p{N}_-][\p{L}\p{N}_:.-]*$/u.test(name) && !name.includes("..");
  if (isPlain && !KEYWORDS.has(name.toLowerCase())) return name;
  return `"${name.replace(/["\\]/g, "\\$&")}"`;
}

function unquote(word: string): string {
  if (!/^["']/.test(word)) return word;
  return word.slice(1, word.endsWith(word.charAt(0)) ? -1 : undefined).replace(/\\(.)/g, "$1");
}

/** In a label, `_` is a space, and capitals are none. */
function plainLabel(label: string): string {
  return label.toLowerCase().replaceAll("_", " ");
}

export type Choice = "in" | "out" | null;

interface LabelClause {
  label: string;
  choice: "in" | "out";
  /** The least confidence it asks for. */
  confidence: number | null;
  /** It asks for nothing but a label and a confidence. */
  isPlain: boolean;
}

/** What a clause says of one label, where it speaks of just one. */
export function labelClause(clause: string): LabelClause | null {
  const solid = tokenize(clause).filter((token) => token.kind !== "space");
  const words = solid.map((token) => clause.slice(token.from, token.to));
  const isOut = words[0]?.toLowerCase() === "not";
  const rest = isOut ? words.slice(1) : words;
  if (rest[0]?.toLowerCase() !== "has" || rest[1] !== "(" || rest.at(-1) !== ")") return null;
  const inner = rest.slice(2, -1);
  const label = inner[0];
  if (label === undefined || inner.includes("(")) return null;
  const conditions = inner.slice(1);
  const confidence = conditions[0] === "," && conditions[1]?.toLowerCase() === "conf" && conditions[2] === ">=" ? Number(conditions[3]) : null;
  return {
    label: plainLabel(unquote(label)),
    choice: isOut ? "out" : "in",
    confidence: confidence !== null && Number.isFinite(confidence) ? confidence : null,
    isPlain: conditions.length === 0 || (conditions.length === 4 && confidence !== null),
  };
}

/** What the clauses say of a label. */
export function labelChoice(clauses: readonly string[], label: string): Choice {
  const found = clauses.map(labelClause).find((clause) => clause?.label === plainLabel(label));
  return found?.choice ?? null;
}

/** The filter with another choice for a label. */
export function chooseLabel(text: string, label: string, choice: Choice): string {
  const clauses = clausesOf(text);
  const kept = clauses.filter((clause) => labelClause(clause)?.label !== plainLabel(label));
  const confidence = leastConfidence(clauses);
  const conditions = confidence === null || choice === "out" ? "" : `, conf >= ${confidence}`;
  if (choice !== null) kept.push(`${choice === "out" ? "not " : ""}has(${quote(label)}${conditions})`);
  return joined(kept);
}

/** The confidence that the clauses about labels ask for; the least where they differ. */
export function leastConfidence(clauses: readonly string[]): number | null {
  const asked = clauses.map((clause) => labelClause(clause)?.confidence ?? null).filter((confidence) => confidence !== null);
  return asked.length === 0 ? null : Math.min(...asked);
}

/** Whether there is a clause in which a confidence can be asked for. */
export function hasLabelClause(clauses: readonly string[]): boolean {
  return clauses.some((clause) => {
    const found = labelClause(clause);
    return found !== null && found.choice === "in" && found.isPlain;
  });
}

/** The filter whose clauses about labels ask for a confidence, or for none. */
export function chooseConfidence(text: string, confidence: number | null): string {
  const clauses = clausesOf(text).map((clause) => {
    const found = labelClause(clause);
    if (found === null || !found.isPlain || found.choice === "out") return clause;
    const conditions = confidence === null || confidence <= 0 ? "" : `, conf >= ${confidence}`;
    return `has(${quote(found.label)}${conditions})`;
  });
  return joined(clauses);
}

/** What is said of a column: these values, or not those. */
interface ColumnClause {
  values: string[];
  choice: "in" | "out";
}

function columnClause(clause: string, column: string): ColumnClause | null {
  const solid = tokenize(clause).filter((token) => token.kind !== "space");
  const words = solid.map((token) => clause.slice(token.from, token.to));
  let isOut = false;
  let at = 0;
  if (words[0]?.toLowerCase() === "not") {
    isOut = true;
    at = 1;
  }
  if (words[at]?.toLowerCase() !== column.toLowerCase()) return null;
  const operator = words[at + 1]?.toLowerCase();
  const rest = words.slice(at + 2);
  if (operator === "=" || operator === "==" || operator === "!=" || operator === "<>") {
    if (rest.length !== 1 || rest[0] === undefined) return null;
    const isNot = operator === "!=" || operator === "<>";
    return { values: [unquote(rest[0])], choice: isNot !== isOut ? "out" : "in" };
  }
  if (operator !== "in" || rest[0] !== "(" || rest.at(-1) !== ")") return null;
  const values = rest.slice(1, -1).filter((word) => word !== ",");
  return { values: values.map(unquote), choice: isOut ? "out" : "in" };
}

/** What the clauses say of a value of a column. */
export function valueChoice(clauses: readonly string[], column: string, value: string): Choice {
  for (const clause of clauses) {
    const found = columnClause(clause, column);
    if (found?.values.includes(value)) return found.choice;
  }
  return null;
}

/** The filter with another choice for a value of a column: values that are in stand together. */
export function chooseValue(text: string, column: string, value: string, choice: Choice): string {
  const chosen: Record<"in" | "out", string[]> = { in: [], out: [] };
  const kept: string[] = [];
  for (const clause of clausesOf(text)) {
    const found = columnClause(clause, column);
    if (found === null) kept.push(clause);
    else chosen[found.choice].push(...found.values.filter((other) => other !== value));
  }
  if (choice !== null) chosen[choice].push(value);
  const list = (values: string[]) => values.map(quote).join(", ");
  const first = (values: string[]) => quote(values[0] ?? "");
  if (chosen.in.length === 1) kept.push(`${column} = ${first(chosen.in)}`);
  if (chosen.in.length > 1) kept.push(`${column} in (${list(chosen.in)})`);
  if (chosen.out.length === 1) kept.push(`not ${column} = ${first(chosen.out)}`);
  if (chosen.out.length > 1) kept.push(`not ${column} in (${list(chosen.out)})`);
  return joined(kept);
}

/** The filter of some stretch of time, in the place of another; of all times where it is null. */
export function chooseTime(text: string, range: { from: number; to: number } | null): string {
  const kept = clausesOf(text).filter((clause) => !/^time\s/i.test(clause));
  if (range !== null) kept.push(`time in ${isoOf(range.from)}..${isoOf(range.to)}`);
  return joined(kept);
}

/** The stretch of time that a filter names as `chooseTime` writes it. */
export function timeOf(text: string): { from: number; to: number } | null {
  for (const clause of clausesOf(text)) {
    const found = /^time\s+in\s+(\S+?)\.\.(\S+)$/i.exec(clause);
    const [from, to] = [found?.[1], found?.[2]].map((iso) => (iso === undefined ? NaN : Date.parse(/[Zz]|[+-]\d\d:?\d\d$/.test(iso) ? iso : `${iso}Z`)));
    if (from !== undefined && to !== undefined && from < to) return { from, to };
  }
  return null;
}

function isoOf(time: number): string {
  return new Date(time).toISOString().replace(/\.000Z$/, "Z");
}

/** The filter of a rectangle on the map, in the place of another. */
export function chooseBox(text: string, box: { south: number; west: number; north: number; east: number } | null): string {
  const kept = clausesOf(text).filter((clause) => !/^in_box\s*\(/i.test(clause));
  const round = (degrees: number) => Number(degrees.toFixed(6));
  if (box !== null) kept.push(`in_box(${[box.south, box.west, box.north, box.east].map(round).join(", ")})`);
  return joined(kept);
}
