// The tags of one frame.

import { useState } from "react";
import { Chip, IconButton, toasts } from "../../components/ui";
import type { FrameDetail } from "../../api/client";
import { useCatalogChanged, useMay } from "../../api/hooks";
import { useShortcut } from "../../components/shell";
import { changeTag, TagDialog } from "../catalog/TagDialog";

export function FrameTags({ frame }: { frame: FrameDetail }) {
  const [isAdding, setAdding] = useState(false);
  const mayEdit = useMay("edit");
  const changed = useCatalogChanged();
  useShortcut("t", () => setAdding(true), mayEdit);
  const takeOff = async (tag: string) => {
    try {
      await changeTag(tag, "remove", { frames: [frame] });
      await changed();
    } catch (error) {
      toasts.show({ tone: "bad", title: `${tag} was not taken off`, text: error instanceof Error ? error.message : String(error) });
    }
  };
  return (
    <div className="flex max-h-[132px] min-h-[44px] flex-wrap overflow-y-auto items-center gap-[6px] border-b border-line px-[14px] py-[8px]">
      {frame.tags.map((tag) => (
        <Chip key={tag} {...(mayEdit ? { onRemove: () => void takeOff(tag) } : {})}>
          {tag}
        </Chip>
      ))}
      {frame.tags.length === 0 && <span className="text-[12.5px] text-faint">No tags</span>}
      {mayEdit && <IconButton icon="tag" label="Tag this frame" shortcut="T" size="small" onPress={() => setAdding(true)} />}
      <TagDialog isOpen={isAdding} onClose={() => setAdding(false)} about={{ frames: [frame] }} what="this frame" />
    </div>
  );
}
