// A frame's boxes edited in place: what models found is what one begins with.

import { useMemo, useState } from "react";
import { BoxEditor, type EditBox, type SavedBox } from "../../components/boxeditor";
import { Button, Dialog, toasts } from "../../components/ui";
import { answer, client, frameKey, imageUrl, Problem, type FrameDetail, type FrameItem, type Which } from "../../api/client";
import { useCatalogChanged, useVocabulary } from "../../api/hooks";
import { dateAndTime } from "../../app/address";

interface FrameEditorProps {
  frame: FrameDetail;
  which: Which;
  onClose: () => void;
  onPrevious: (() => void) | undefined;
  onNext: (() => void) | undefined;
}

/** Classes of a road where the catalog has no labels yet. */
const USUAL = ["person", "car", "bicycle", "truck", "bus", "motorcycle", "traffic light", "stop sign"];

/** The boxes that are edited: what a person said, else the objects that models found. */
export function editBoxes(frame: FrameItem): EditBox[] {
  const { width, height, annotation } = frame;
  if (annotation != null) {
    return annotation.boxes.map((drawn, place) => ({
      id: `p${place}`,
      label: drawn.label,
      left: drawn.left,
      top: drawn.top,
      width: drawn.width,
      height: drawn.height,
      tags: drawn.tags ?? [],
      confidence: drawn.confidence ?? null,
      origin: drawn.confidence == null ? "person" : "model",
    }));
  }
  const boxes: EditBox[] = [];
  frame.boxes.forEach((found, place) => {
    const [left, top, right, bottom] = found.bbox ?? [];
    if (found.kind !== "object" || left === undefined || top === undefined || right === undefined || bottom === undefined) return;
    boxes.push({
      id: `m${place}`,
      label: found.label,
      left: left * width,
      top: top * height,
      width: (right - left) * width,
      height: (bottom - top) * height,
      tags: [],
      confidence: found.confidence,
      origin: "model",
    });
  });
  return boxes;
}

export function FrameEditor({ frame, which, onClose, onPrevious, onNext }: FrameEditorProps) {
  const { recording, camera, sequence } = frame;
  const vocabulary = useVocabulary().data;
  const changed = useCatalogChanged();
  const [isDirty, setDirty] = useState(false);
  const [isLeaving, setLeaving] = useState(false);
  const [isReverting, setReverting] = useState(false);
  const revision = frame.annotation?.revision ?? null;
  const boxes = useMemo(() => editBoxes(frame), [frame]);
  const classes = useMemo(() => {
    const known = (vocabulary?.labels ?? []).map(({ name }) => name).filter((name) => !["face", "plate", "text"].includes(name));
    return [...new Set([...known, ...USUAL])].map((name) => ({ name }));
  }, [vocabulary]);
  const path = { recording, camera, sequence };

  const save = async (saved: SavedBox[]) => {
    const headers: Record<string, string> = revision === null ? { "If-None-Match": "*" } : { "If-Match": `"${revision}"` };
    const body = {
      boxes: saved.map(({ label, left, top, width, height, confidence, tags }) => ({ label, left, top, width, height, confidence, tags })),
    };
    await answer(client.PUT("/api/v1/frames/{recording}/{camera}/{sequence}/annotation", { params: { path }, headers, body }));
    await changed();
  };
  const takeBack = async () => {
    if (revision === null) return;
    try {
      const header = { "If-Match": `"${revision}"` };
      await answer(client.DELETE("/api/v1/frames/{recording}/{camera}/{sequence}/annotation", { params: { path, header } }));
      await changed();
      setReverting(false);
      onClose();
    } catch (error) {
      toasts.show({ tone: "bad", title: "Nothing was taken back", text: error instanceof Problem ? error.message : String(error) });
    }
  };
  const previousBoxes = async () => {
    const before = frame.before.at(-1);
    if (before === undefined) return [];
    const { recording, camera, sequence } = before;
    const found = await answer(client.GET("/api/v1/frames/{recording}/{camera}/{sequence}", { params: { path: { recording, camera, sequence } } }));
    return editBoxes(found);
  };
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex flex-wrap items-center gap-[10px] border-b border-line bg-card px-[14px] py-[6px]">
        <Button size="small" icon="close" onPress={() => (isDirty ? setLeaving(true) : onClose())}>
          Done
        </Button>
        <span className="text-[12.5px] text-soft">
          {revision === null ? "These are the models' boxes; saving keeps yours beside them." : `Last saved by ${frame.annotation?.author}, ${dateAndTime(frame.annotation?.saved_at ?? "")} UTC.`}
        </span>
        <span className="flex-1" />
        {revision !== null && (
          <Button size="small" kind="danger" onPress={() => setReverting(true)}>
            Back to the models' boxes…
          </Button>
        )}
      </div>
      <div className="min-h-0 flex-1">
        <BoxEditor
          frameKey={frameKey(frame)}
          imageUrl={imageUrl(frame, which)}
          imageWidth={frame.width}
          imageHeight={frame.height}
          alt={`${camera} at ${dateAndTime(frame.taken_at)}`}
          boxes={boxes}
          base={revision ?? "models"}
          classes={classes}
          previousBoxes={previousBoxes}
          onSave={save}
          onChange={setDirty}
          {...(onNext && { onNextFrame: onNext })}
          {...(onPrevious && { onPreviousFrame: onPrevious })}
        />
      </div>
      <Dialog
        isOpen={isLeaving}
        onClose={() => setLeaving(false)}
        title="Leave without saving?"
        actions={
          <>
            <Button kind="quiet" onPress={() => setLeaving(false)}>
              Go on editing
            </Button>
            <Button kind="primary" onPress={onClose}>
              Leave
            </Button>
          </>
        }
      >
        What you changed is kept as a draft on this machine, and is there when you come back to this frame.
      </Dialog>
      <Dialog
        isOpen={isReverting}
        onClose={() => setReverting(false)}
        title="Back to the models' boxes?"
        actions={
          <>
            <Button kind="quiet" onPress={() => setReverting(false)}>
              Keep them
            </Button>
            <Button kind="danger" onPress={() => void takeBack()}>
              Take back
            </Button>
          </>
        }
      >
        What people said of this frame is taken back; what models found holds again.
      </Dialog>
    </div>
  );
}
