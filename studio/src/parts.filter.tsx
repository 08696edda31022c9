import { useState } from "react";
import { FilterBar, type FilterError, type Suggestions } from "./components/filterbar";
import { Card } from "./parts.ui";

const WORDS = [
  { insert: "has(", label: "has(…)", detail: "a box or label on the frame", kind: "function" },
  { insert: "count(", label: "count(…)", detail: "how many boxes of it", kind: "function" },
  { insert: "camera = ", label: "camera", detail: "4 values", kind: "column" },
  { insert: "brightness", label: "brightness", detail: "0 … 255", kind: "column" },
  { insert: "time in ", label: "time in", detail: "a range of time, UTC", kind: "column" },
  { insert: "tod = ", label: "tod", detail: "day, dusk or night", kind: "column" },
  { insert: "tag = ", label: "tag", detail: "12 tags", kind: "column" },
  { insert: "not ", label: "not", kind: "keyword" },
];
const LABELS = ["car", "camper", "cat", "person", "bicycle", "bus", "traffic_light"].map((label, at) => ({ insert: label, label, detail: `${9000 - at * 1100} frames`, kind: "label" }));

/** Plays the server: completes the word at the cursor, and knows no label "persn". */
function ask(text: string, cursor: number): { suggestions: Suggestions; error: FilterError | null } {
  const word = /[\w]*$/.exec(text.slice(0, cursor))?.[0] ?? "";
  const from = cursor - word.length;
  const isLabel = /(has|count)\(\s*$/.test(text.slice(0, from));
  const options = (isLabel ? LABELS : WORDS).filter(({ insert }) => insert.startsWith(word.toLowerCase()));
  const wrong = text.indexOf("persn");
  return { suggestions: { from, to: cursor, options }, error: wrong < 0 ? null : { from: wrong, to: wrong + 5, message: "No detector knows persn; did you mean person?" } };
}

export function FilterPage() {
  const [value, setValue] = useState("has(person, conf >= 0.8) and tod = night");
  const [answer, setAnswer] = useState<ReturnType<typeof ask> | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const [draftError] = useState(() => ask("count(persn) >= 5", 0).error);
  const onDraft = (text: string, cursor: number) => void setTimeout(() => setAnswer(ask(text, cursor)), 40);
  const onCommit = (text: string) => {
    setValue(text);
    setIsBusy(true);
    setTimeout(() => setIsBusy(false), 500);
  };
  Object.assign(window, { filterState: { value } });
  return (
    <div className="mx-auto flex max-w-[1000px] flex-col gap-[14px] p-[14px]">
      <Card title="Filter">
        <FilterBar value={value} onCommit={onCommit} onDraft={onDraft} suggestions={answer?.suggestions ?? null} error={answer?.error ?? null} isBusy={isBusy} total={value === "" ? 100_000 : 1204} history={["tag = rain", "camera = camera__front"]} />
      </Card>
      <Card title="With a mistake">
        <FilterBar value="count(persn) >= 5" onCommit={() => undefined} onDraft={() => undefined} suggestions={null} error={draftError} total={null} />
      </Card>
      <Card title="Understood otherwise, and long">
        <FilterBar
          value={'count(person, conf>=.8)>=5 and has(bicycle) and not has("traffic light") and camera=camera__front and tod=night and within(48.12, 11.70, 2km) and time in 2026-05-04T09:30..09:45'}
          normal={'count(person, conf >= 0.8) >= 5 and has(bicycle) and not has("traffic light") and camera = camera__front and tod = night'}
          onCommit={() => undefined} onDraft={() => undefined} suggestions={null} error={null} total={37}
        />
      </Card>
      <Card title="Empty"><FilterBar value="" onCommit={() => undefined} onDraft={() => undefined} suggestions={null} error={null} total={100_000} /></Card>
    </div>
  );
}
