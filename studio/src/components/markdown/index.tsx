// Who reads Markdown is only read in when there is some.

import { lazy, Suspense } from "react";
import type { MarkdownProps } from "./Markdown";

export { markOf, partsOf, pictureName, type Parts } from "./instructions";

const Read = lazy(async () => ({ default: (await import("./Markdown")).Markdown }));

export function Markdown(props: MarkdownProps) {
  return (
    <Suspense fallback={<p className="text-[13px] whitespace-pre-line text-ink">{props.text}</p>}>
      <Read {...props} />
    </Suspense>
  );
}
