// How the models' boxes of a frame came out against those of a person.

import { Badge } from "../../components/ui";
import type { Schemas } from "../../api/client";

type Judged = Schemas["JudgedItem"];

const TITLES: Record<string, string> = { agreed: "both say so", extra: "only models", missed: "only the person" };
const TONES = { agreed: "good", extra: "warn", missed: "bad" } as const;

export function Judged({ judged }: { judged: readonly Judged[] | null | undefined }) {
  if (judged == null) return null;
  const of = (verdict: string) => judged.filter((one) => one.verdict === verdict);
  return (
    <section aria-label="Models against the person" className="mx-[14px] border-t border-line py-[10px]">
      <h3 className="pb-[6px] text-[12px] font-semibold text-soft">Models against the person</h3>
      <ul className="flex flex-col gap-[6px] text-[12.5px]">
        {(["agreed", "extra", "missed"] as const).map((verdict) => {
          const boxes = of(verdict);
          const labels = [...new Set(boxes.map((one) => one.label))].map((label) => `${boxes.filter((one) => one.label === label).length} ${label}`);
          return (
            <li key={verdict} className="flex items-baseline gap-[8px]">
              <Badge tone={boxes.length === 0 ? "neutral" : TONES[verdict]}>{`${boxes.length} ${TITLES[verdict]}`}</Badge>
              <span className="min-w-0 truncate text-soft">{labels.join(", ")}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
