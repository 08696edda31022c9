// What can be done with the frames that are marked in the grid.

import { useState } from "react";
import { Button, IconButton } from "../../components/ui";
import { useShortcut } from "../../components/shell/useShortcut";
import type { FrameItem } from "../../api/client";
import { useMay } from "../../api/hooks";
import { count } from "../../app/address";
import { TagDialog } from "./TagDialog";

/** That can be named one by one. */
const MOST = 500;

interface SelectionBarProps {
  frames: readonly FrameItem[];
  /** Marked, but not loaded any more. */
  missing: number;
  /** The tag is asked for at once. */
  tagsAtOnce: boolean;
  onDone: () => void;
}

export function SelectionBar({ frames, missing, tagsAtOnce, onDone }: SelectionBarProps) {
  const [isTagging, setTagging] = useState(tagsAtOnce);
  const mayEdit = useMay("edit");
  const number = frames.length + missing;
  const canTag = mayEdit && missing === 0 && frames.length <= MOST;
  useShortcut("t", () => setTagging(true), canTag);
  return (
    <div role="toolbar" aria-label="Marked frames" className="absolute bottom-[16px] left-1/2 flex -translate-x-1/2 items-center gap-[10px] rounded-[10px] border border-line-strong bg-raised py-[7px] pr-[8px] pl-[14px] shadow-[0_8px_28px_rgb(0_0_0/0.25)]">
      <span className="text-[13px] tabular-nums" aria-live="polite">
        {count(number, "frame")} marked
      </span>
      {mayEdit && (
        <Button size="small" icon="tag" isDisabled={!canTag} onPress={() => setTagging(true)}>
          Tag…
        </Button>
      )}
      {mayEdit && !canTag && <span className="text-[12px] text-soft">more than {MOST}: tag them by a filter</span>}
      <IconButton icon="close" label="Unmark all" shortcut="Escape" size="small" onPress={onDone} />
      <TagDialog isOpen={isTagging} onClose={() => setTagging(false)} about={{ frames }} what={count(frames.length, "frame")} />
    </div>
  );
}
