import { pieces, type TokenKind } from "./tokens";

const COLOURS: Record<TokenKind, string> = {
  function: "text-accent",
  keyword: "text-warn",
  name: "text-ink",
  operator: "text-soft",
  bracket: "text-soft",
  text: "text-good",
  number: "text-good",
  value: "text-good",
  unclosed: "text-bad",
  strange: "text-bad",
  space: "",
};

export interface ColouredProps {
  text: string;
  wrong?: { from: number; to: number } | null;
}

/** A filter in colours. Never bold or slanted: the letters have to lie under those of the input. */
export function Coloured({ text, wrong = null }: ColouredProps) {
  return pieces(text, wrong).map((piece, at) => (
    <span
      key={at}
      className={`${COLOURS[piece.kind]} ${piece.isWrong ? "rounded-[2px] bg-bad-wash underline decoration-bad decoration-wavy decoration-1 underline-offset-3" : ""}`}
    >
      {piece.text}
    </span>
  ));
}
