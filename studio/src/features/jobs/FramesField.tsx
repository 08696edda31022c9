// Frames by a filter, in a form: what it finds is counted while it is typed.

import { useQuery, keepPreviousData } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { FilterBar } from "../../components/filterbar";
import { Problem } from "../../api/client";
import { framePage, useCheckedFilter, useVocabulary } from "../../api/hooks";
import { count } from "../../app/address";
import { useLate } from "../../app/late";
import { suggest } from "../../filter/complete";

interface FramesFieldProps {
  label: string;
  filter: string;
  onFilter: (filter: string) => void;
  placeholder?: string;
  /** Without a filter it is no frame, not all. */
  isNoneWhenEmpty?: boolean;
}

export function FramesField({ label, filter, onFilter, placeholder = "All frames. Type what you look for: has(person) and camera = …", isNoneWhenEmpty = false }: FramesFieldProps) {
  const [draft, setDraft] = useState({ text: filter, cursor: filter.length });
  const settled = useLate(draft.text, 150);
  const vocabulary = useVocabulary().data;
  const isAsked = !(isNoneWhenEmpty && filter === "");
  const found = useQuery({ ...framePage(filter, 0, 1), enabled: isAsked, placeholderData: keepPreviousData });
  const isWrong = found.error instanceof Problem && found.error.status === 400;
  const checked = useCheckedFilter(settled, settled !== "");
  const trouble = settled === draft.text && !checked.isPlaceholderData ? checked.data?.error : null;
  const error = useMemo(() => (trouble == null ? null : { from: trouble.from, to: trouble.to, message: trouble.message }), [trouble]);
  const suggestions = useMemo(() => (vocabulary === undefined ? null : suggest(draft.text, draft.cursor, vocabulary)), [draft, vocabulary]);
  const onDraft = useCallback((text: string, cursor: number) => setDraft({ text, cursor }), []);
  const total = isWrong || !isAsked ? null : (found.data?.total ?? null);
  return (
    <div role="group" aria-label={label} className="flex flex-col gap-[4px]" onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && draft.text.trim() !== filter && onFilter(draft.text.trim())}>
      <span className="text-[12px] font-medium text-soft">{label}</span>
      <FilterBar value={filter} onCommit={(text) => onFilter(text.trim())} onDraft={onDraft} suggestions={suggestions} error={error} isBusy={found.isFetching} total={total} placeholder={placeholder} />
      <p role="status" className="min-h-[18px] text-[12px] text-soft tabular-nums">
        {isWrong ? <span className="text-bad">This filter cannot be answered.</span> : total !== null && `${count(total, "frame")}; those with an anonymised copy become tasks.`}
      </p>
    </div>
  );
}
