// Puts a tag on frames, or takes it off.

import { useState } from "react";
import { Button, Chip, Dialog, TextField, toasts } from "../../components/ui";
import { answer, client, type FrameName } from "../../api/client";
import { useCatalogChanged, useVocabulary } from "../../api/hooks";
import { count } from "../../app/address";

interface TagDialogProps {
  isOpen: boolean;
  onClose: () => void;
  /** All frames of a filter, or some. */
  about: { filter: string } | { frames: readonly FrameName[] };
  /** What that is, in words. */
  what: string;
}

export async function changeTag(tag: string, action: "add" | "remove", about: TagDialogProps["about"]) {
  const frames = "frames" in about ? about.frames.map(({ recording, camera, sequence }) => ({ recording, camera, sequence })) : null;
  const filter = "filter" in about ? about.filter : null;
  return answer(client.POST("/api/v1/tags", { body: { tag, action, filter, frames } }));
}

export function TagDialog({ isOpen, onClose, about, what }: TagDialogProps) {
  const [tag, setTag] = useState("");
  const [problem, setProblem] = useState<string | undefined>();
  const [busy, setBusy] = useState<"add" | "remove" | null>(null);
  const known = useVocabulary().data?.tags ?? [];
  const changed = useCatalogChanged();
  const run = async (action: "add" | "remove") => {
    if (tag.trim() === "") return;
    setBusy(action);
    setProblem(undefined);
    try {
      const done = await changeTag(tag.trim(), action, about);
      await changed();
      onClose();
      const title = action === "add" ? `Tagged ${tag.trim()}` : `No longer tagged ${tag.trim()}`;
      toasts.show({ tone: "good", title, text: `${count(done.changed, "frame")} changed` });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(null);
    }
  };
  return (
    <Dialog
      isOpen={isOpen}
      onClose={onClose}
      title={`Tag ${what}`}
      actions={
        <>
          <Button kind="quiet" onPress={onClose}>
            Cancel
          </Button>
          <Button isBusy={busy === "remove"} isDisabled={tag.trim() === "" || busy !== null} onPress={() => void run("remove")}>
            Take off
          </Button>
          <Button kind="primary" isBusy={busy === "add"} isDisabled={tag.trim() === "" || busy !== null} onPress={() => void run("add")}>
            Put on
          </Button>
        </>
      }
    >
      <TextField label="Tag" value={tag} onChange={setTag} autoFocus placeholder="night_drive" onEnter={() => void run("add")} error={problem} help="Letters, digits, _, - and ." />
      {known.length > 0 && (
        <div className="mt-[12px] flex flex-wrap gap-[6px]" role="group" aria-label="Tags there are">
          {known.slice(0, 24).map(({ name }) => (
            <button key={name} type="button" onClick={() => setTag(name)} className="rounded-[6px]">
              <Chip>{name}</Chip>
            </button>
          ))}
        </div>
      )}
    </Dialog>
  );
}
