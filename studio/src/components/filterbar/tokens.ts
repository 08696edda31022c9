// A light reading of a filter, for its colours only: what is right is for the server to say.
// Words end where they do for the server, or the colours would contradict its errors.

export type TokenKind =
  | "function" | "keyword" | "name" | "operator" | "bracket" | "text" | "number" | "value"
  | "unclosed" | "strange" | "space";

export interface Token {
  kind: TokenKind;
  /** In UTF-16 units, as JavaScript counts; `to` is the first one after it. */
  from: number;
  to: number;
}

const FUNCTIONS = new Set(["has", "count", "within", "in_box"]);
const KEYWORDS = new Set(["and", "or", "not", "in"]);
const OPERATORS = ["..", "!=", "<>", "<=", ">=", "==", "=", "<", ">"];

/** All of the text in tokens, without a gap. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const from = at;
    const char = text.charAt(at);
    if (/\s/u.test(char)) {
      while (at < text.length && /\s/u.test(text.charAt(at))) at++;
      tokens.push({ kind: "space", from, to: at });
      continue;
    }
    if (char === '"' || char === "'") {
      const end = quotedEnd(text, at);
      at = end ?? text.length;
      tokens.push({ kind: end === undefined ? "unclosed" : "text", from, to: at });
      continue;
    }
    const operator = OPERATORS.find((spelling) => text.startsWith(spelling, at));
    if (operator !== undefined || "(),".includes(char)) {
      at += operator?.length ?? 1;
      tokens.push({ kind: operator === undefined ? "bracket" : "operator", from, to: at });
      continue;
    }
    at = wordEnd(text, at);
    if (at > from) tokens.push({ kind: "value", from, to: at });
    else tokens.push({ kind: "strange", from, to: (at += text.codePointAt(from)! > 0xffff ? 2 : 1) });
  }
  return nameWords(text, tokens);
}

/** Says of each word what it is, which depends on what stands around it. */
function nameWords(text: string, tokens: Token[]): Token[] {
  const solid = tokens.filter((token) => token.kind !== "space");
  solid.forEach((token, place) => {
    if (token.kind !== "value" && token.kind !== "text") return;
    const word = text.slice(token.from, token.to).toLowerCase();
    const next = solid[place + 1];
    const nextText = next === undefined ? "" : text.slice(next.from, next.to).toLowerCase();
    const isCompared = (next?.kind === "operator" && nextText !== "..") || nextText === "in";
    if (token.kind === "value" && FUNCTIONS.has(word) && nextText === "(") token.kind = "function";
    else if (isCompared) token.kind = "name";
    else if (token.kind === "value" && KEYWORDS.has(word)) token.kind = "keyword";
    else if (token.kind === "value" && /^-?(\d|\.\d)/.test(word)) token.kind = "number";
  });
  return tokens;
}

function wordEnd(text: string, start: number): number {
  const isTime = /\d/.test(text.charAt(start));
  let at = start;
  while (at < text.length) {
    const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
    const isInside =
      /[\p{L}\p{N}\p{M}_\-:]/u.test(char) || (char === "+" && isTime) || (char === "." && text.charAt(at + 1) !== ".");
    if (!isInside) break;
    at += char.length;
  }
  return at;
}

function quotedEnd(text: string, start: number): number | undefined {
  const quote = text.charAt(start);
  for (let at = start + 1; at < text.length; at++) {
    if (text.charAt(at) === "\\") at++;
    else if (text.charAt(at) === quote) return at + 1;
  }
  return undefined;
}

export interface Piece {
  text: string;
  kind: TokenKind;
  isWrong: boolean;
}

/** Tokens cut at the ends of an error, so that each piece is drawn in one way. */
export function pieces(text: string, wrong: { from: number; to: number } | null): Piece[] {
  const cut: Piece[] = [];
  for (const { kind, from, to } of tokenize(text)) {
    const left = wrong === null ? to : Math.min(to, Math.max(from, wrong.from));
    const right = wrong === null ? to : Math.min(to, Math.max(left, wrong.to));
    const add = (start: number, end: number, isWrong: boolean) => {
      if (end > start) cut.push({ text: text.slice(start, end), kind, isWrong });
    };
    add(from, left, false);
    add(left, right, true);
    add(right, to, false);
  }
  return cut;
}

const encoder = new TextEncoder();

/** Servers count bytes of UTF-8, JavaScript counts UTF-16 units. */
export function utf16FromByte(text: string, byte: number): number {
  let bytes = 0;
  let at = 0;
  for (const char of text) {
    if (bytes >= byte) break;
    bytes += encoder.encode(char).length;
    at += char.length;
  }
  return at;
}

export function byteFromUtf16(text: string, at: number): number {
  return encoder.encode(text.slice(0, at)).length;
}
