// The line in which the filter is typed, with what may be typed next, and what is odd.

import { useCallback, useMemo, useState } from "react";
import { FilterBar } from "../../components/filterbar";
import { Icon } from "../../components/ui";
import { useCheckedFilter, useVocabulary } from "../../api/hooks";
import { useLate } from "../../app/late";
import { useSetting } from "../../app/settings";
import { suggest } from "../../filter/complete";

interface CatalogBarProps {
  filter: string;
  onFilter: (filter: string) => void;
  total: number | null;
  isBusy: boolean;
  warnings: readonly string[];
  notLookedAt: number;
  /** The filter that is applied is none. */
  isWrong: boolean;
}

/** Filters that are remembered. */
const REMEMBERED = 30;

export function CatalogBar({ filter, onFilter, total, isBusy, warnings, notLookedAt, isWrong }: CatalogBarProps) {
  const [draft, setDraft] = useState({ text: filter, cursor: filter.length });
  const [history, setHistory] = useSetting<string[]>("filters", []);
  const vocabulary = useVocabulary().data;
  const settled = useLate(draft.text, 150);
  const checked = useCheckedFilter(settled, settled !== filter || isWrong);
  const isSettled = settled === draft.text && !checked.isPlaceholderData;
  const trouble = isSettled && (settled !== filter || isWrong) ? checked.data?.error : null;
  const error = useMemo(() => (trouble == null ? null : { from: trouble.from, to: trouble.to, message: trouble.message }), [trouble]);
  const suggestions = useMemo(() => (vocabulary === undefined ? null : suggest(draft.text, draft.cursor, vocabulary)), [draft, vocabulary]);

  const onDraft = useCallback((text: string, cursor: number) => setDraft({ text, cursor }), []);
  const onCommit = useCallback(
    (text: string) => {
      setDraft({ text, cursor: text.length });
      if (text.trim() !== "") setHistory([...history.filter((other) => other !== text), text].slice(-REMEMBERED));
      onFilter(text.trim());
    },
    [history, onFilter, setHistory],
  );
  const notes = [...warnings];
  if (notLookedAt > 0) notes.push(`${notLookedAt.toLocaleString("en")} frames were not looked at yet and cannot match`);
  return (
    <div className="border-b border-line bg-card px-[12px] py-[9px]">
      <FilterBar value={filter} onCommit={onCommit} onDraft={onDraft} suggestions={suggestions} error={error} isBusy={isBusy} total={isWrong ? null : total} history={history} placeholder="All frames. Type what you look for: has(person) and camera = …" />
      {notes.length > 0 && (
        <p className="flex items-center gap-[6px] px-[4px] pt-[6px] text-[12px] text-warn" role="status">
          <Icon name="info" />
          {notes.join(" · ")}
        </p>
      )}
    </div>
  );
}
