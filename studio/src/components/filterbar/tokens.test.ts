import { describe, expect, test } from "vitest";
import { byteFromUtf16, pieces, tokenize, utf16FromByte } from "./tokens";

/** Each token as `kind:text`, spaces left out. */
function check(text: string, expected: string) {
  const tokens = tokenize(text);
  expect(tokens.map(({ from, to }) => text.slice(from, to)).join("")).toBe(text);
  const shown = tokens.filter(({ kind }) => kind !== "space").map(({ kind, from, to }) => `${kind}:${text.slice(from, to)}`);
  expect(shown.join(" ")).toBe(expected);
}

describe("tokens", () => {
  test("what is on a frame", () =>
    check("has(car, conf>=.5)", "function:has bracket:( value:car bracket:, name:conf operator:>= number:.5 bracket:)"));

  test("a number of boxes", () =>
    check("count(person) >= 5", "function:count bracket:( value:person bracket:) operator:>= number:5"));

  test("words between conditions", () =>
    check("not has(bus) AND tod in (dusk, night)",
      "keyword:not function:has bracket:( value:bus bracket:) keyword:AND name:tod keyword:in bracket:( value:dusk bracket:, value:night bracket:)"));

  test("names in quotes and negative numbers", () =>
    check('"Temp (C)" < -3.5', 'name:"Temp (C)" operator:< number:-3.5'));

  test("times and their ranges", () => {
    check("time in 2026-05-04T09:30..09:45", "name:time keyword:in number:2026-05-04T09:30 operator:.. number:09:45");
    check("time >= 2026-05-04T22:00+02:00", "name:time operator:>= number:2026-05-04T22:00+02:00");
  });

  test("places", () => check("within(48.12, 11.70, 2km)", "function:within bracket:( number:48.12 bracket:, number:11.70 bracket:, number:2km bracket:)"));

  test("columns of attached tables", () => check("weather.condition = rain", "name:weather.condition operator:= value:rain"));

  test("a function's name without a bracket is a word like any", () => check("tag = has", "name:tag operator:= value:has"));

  test("a quote that is not closed runs to the end", () => {
    check('tag = "night dri', 'name:tag operator:= unclosed:"night dri');
    check('tag = "a \\" b"', 'name:tag operator:= text:"a \\" b"');
  });

  test("what means nothing", () => check("a && 🚗", "value:a strange:& strange:& strange:🚗"));

  test("letters of any script are words", () => check("tag = straße_é", "name:tag operator:= value:straße_é"));

  test("nothing is lost of any text", () => {
    for (const text of ["", "  ", "((", "..", "a..b", "'", "\\", "é🚗\u0301", "x=\n y"]) {
      expect(tokenize(text).map(({ from, to }) => text.slice(from, to)).join("")).toBe(text);
    }
  });
});

describe("errors", () => {
  const cut = (text: string, from: number, to: number) => pieces(text, { from, to }).map((piece) => (piece.isWrong ? `[${piece.text}]` : piece.text)).join("|");
  test("are cut out of tokens", () => {
    expect(cut("has(crr)", 4, 7)).toBe("has|(|[crr]|)");
    expect(cut("has(crr)", 5, 6)).toBe("has|(|c|[r]|r|)");
    expect(cut("a = b", 0, 5)).toBe("[a]|[ ]|[=]|[ ]|[b]");
  });
  test("without one nothing is wrong", () => expect(pieces("a = b", null).every((piece) => !piece.isWrong)).toBe(true));
  test("beyond the end is none", () => expect(cut("a", 5, 9)).toBe("a"));
});

describe("bytes and units", () => {
  const text = "é🚗x";
  test("there and back", () => {
    for (const [byte, unit] of [[0, 0], [2, 1], [6, 3], [7, 4]] as const) {
      expect(utf16FromByte(text, byte)).toBe(unit);
      expect(byteFromUtf16(text, unit)).toBe(byte);
    }
  });
  test("beyond the end is the end", () => expect(utf16FromByte(text, 99)).toBe(4));
});
