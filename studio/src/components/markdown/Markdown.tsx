// Markdown that somebody wrote, as text and pictures: never as HTML.

import type { ReactNode } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import { cx, Icon } from "../ui";
import { markOf, pictureName, type Mark } from "./instructions";

export interface MarkdownProps {
  text: string;
  /** Where a picture that came with the text is; null if there is none of that name. */
  sourceOf: (name: string) => string | null;
}

// Below the headings of the page it stands on.
const heading = ({ children }: { children?: ReactNode }) => <h3 className="pt-[10px] text-[14px] font-semibold text-ink first:pt-0">{children}</h3>;
const lowHeading = ({ children }: { children?: ReactNode }) => <h4 className="pt-[8px] text-[13px] font-semibold text-ink first:pt-0">{children}</h4>;

const LOOKS: Record<Mark, { frame: string; word: string }> = {
  good: { frame: "border-good", word: "text-good" },
  bad: { frame: "border-bad", word: "text-bad" },
  plain: { frame: "border-line", word: "text-soft" },
};

function Example({ src, alt }: { src: string | null; alt: string }) {
  const { mark, caption } = markOf(alt);
  const look = LOOKS[mark];
  // A paragraph may hold no figure: this is one by its role.
  return (
    <span role="figure" aria-label={alt} className={cx("my-[6px] mr-[10px] inline-block max-w-full overflow-hidden rounded-[8px] border-2 bg-card align-top", look.frame)}>
      {src === null ? <span className="block px-[10px] py-[8px] text-[12.5px] text-soft">no such picture</span> : <img src={src} alt={caption} className="block max-h-[320px] max-w-full" />}
      {(mark !== "plain" || caption !== "") && (
        <span className={cx("flex items-center gap-[6px] px-[9px] py-[5px] text-[12.5px]", look.word)}>
          {mark !== "plain" && <Icon name={mark === "good" ? "check" : "close"} size={14} />}
          <span>
            {mark !== "plain" && <b className="font-semibold">{mark === "good" ? "Good" : "Bad"}</b>}
            {mark !== "plain" && caption !== "" && ": "}
            {caption}
          </span>
        </span>
      )}
    </span>
  );
}

export function Markdown({ text, sourceOf }: MarkdownProps) {
  const parts: Components = {
    h1: heading,
    h2: heading,
    h3: lowHeading,
    h4: lowHeading,
    h5: lowHeading,
    h6: lowHeading,
    a: ({ href, children }) => (
      <a href={href} target="_blank" rel="noreferrer noopener" className="text-accent underline">
        {children}
      </a>
    ),
    img: ({ src, alt }) => {
      const name = typeof src === "string" ? pictureName(src) : null;
      return <Example src={name === null ? null : sourceOf(name)} alt={alt ?? ""} />;
    },
  };
  return (
    <div className="flex flex-col gap-[7px] text-[13px] leading-[1.5] text-ink [&_blockquote]:border-l-2 [&_blockquote]:border-line-strong [&_blockquote]:pl-[10px] [&_blockquote]:text-soft [&_code]:font-mono [&_code]:text-[12px] [&_hr]:border-line [&_li]:pl-[2px] [&_ol]:list-decimal [&_ol]:pl-[22px] [&_pre]:overflow-x-auto [&_pre]:rounded-[6px] [&_pre]:bg-sunken [&_pre]:p-[8px] [&_ul]:list-disc [&_ul]:pl-[20px]">
      <ReactMarkdown components={parts}>{text}</ReactMarkdown>
    </div>
  );
}
