// What each command of the keyboard and the toolbar does.

import { accepted } from "./bulk";
import { growBy, moveInside } from "./geometry";
import type { Command } from "./keys";
import type { EditBox, Point, Rect } from "./types";
import type { Editor } from "./useEditor";
import { isShown } from "./useSettings";
import { count, nameOf } from "./words";
import { inSight, toScreen } from "./zoom";

const MOVES: Partial<Record<Command, Point>> = {
  left: { x: -1, y: 0 },
  right: { x: 1, y: 0 },
  up: { x: 0, y: -1 },
  down: { x: 0, y: 1 },
  "left-far": { x: -10, y: 0 },
  "right-far": { x: 10, y: 0 },
  "up-far": { x: 0, y: -10 },
  "down-far": { x: 0, y: 10 },
};

const SIZES: Partial<Record<Command, Point>> = {
  narrower: { x: -1, y: 0 },
  wider: { x: 1, y: 0 },
  shorter: { x: 0, y: -1 },
  taller: { x: 0, y: 1 },
  "narrower-far": { x: -10, y: 0 },
  "wider-far": { x: 10, y: 0 },
  "shorter-far": { x: 0, y: -10 },
  "taller-far": { x: 0, y: 10 },
};

/** What works although nothing may be changed. */
const FOR_READERS = new Set<Command>([
  "next", "previous", "deselect", "zoom-in", "zoom-out", "fit", "full-size", "zoom-box",
  "crosshair", "hide-class", "show-all", "help", "next-frame", "previous-frame",
]);

/** One step of zooming by key. */
const ZOOM_STEP = 1.25;

export function runCommand(editor: Editor, command: Command, isRepeat: boolean): void {
  const { dispatch, selected, sight, image, settings, change, props, state } = editor;
  if (editor.isReadOnly && !FOR_READERS.has(command)) return;
  const say = (text: string) => dispatch({ type: "say", text });

  const by = MOVES[command];
  const grown = SIZES[command];
  if (by !== undefined || grown !== undefined) {
    if (selected === undefined) {
      // With nothing to move, arrows push the image.
      if (by !== undefined) sight.moves.panBy({ x: -by.x * 40, y: -by.y * 40 });
      return;
    }
    const { id, left, top } = selected;
    const moved = by === undefined ? null : moveInside({ ...selected, left: left + by.x, top: top + by.y }, image);
    const rect = moved ?? growBy(selected, grown ?? { x: 0, y: 0 }, image);
    dispatch({ type: "change", id, patch: sides(rect), deed: moved === null ? "resize" : "move", isRepeat });
    sight.moves.bringIntoSight(rect);
    return;
  }

  switch (command) {
    case "new":
      if (editor.isDrawing || editor.pointer.current === null) {
        editor.setDrawing(false);
        addInTheMiddle(editor);
      } else {
        editor.setDrawing(true);
        say("Drag to draw a box, or press N again for one in the middle");
      }
      return;
    case "class":
      editor.setPicking(true);
      return;
    case "delete":
      if (selected !== undefined) dispatch({ type: "remove", id: selected.id });
      return;
    case "duplicate":
      if (selected !== undefined) duplicate(editor, selected);
      return;
    case "lock":
      if (selected !== undefined) dispatch({ type: "lock", id: selected.id });
      return;
    case "accept":
      if (selected?.origin !== "model") return say("Select a box of the model to accept it");
      return dispatch({
        type: "change",
        id: selected.id,
        patch: { origin: "person", confidence: null },
        deed: "accept",
      });
    case "accept-all":
      return dispatch({ type: "replace", ...accepted(state.boxes, (box) => isShown(box, settings)) });
    case "copy-previous":
      void copyPrevious(editor);
      return;
    case "next":
      return goTo(editor, 1);
    case "previous":
      return goTo(editor, -1);
    case "deselect":
      if (editor.isDrawing) editor.setDrawing(false);
      else dispatch({ type: "select", id: null });
      return;
    case "undo":
    case "redo":
      dispatch({ type: command });
      return;
    case "save":
      editor.save();
      return;
    case "zoom-in":
      return sight.moves.zoomBy(ZOOM_STEP, underPointer(editor));
    case "zoom-out":
      return sight.moves.zoomBy(1 / ZOOM_STEP, underPointer(editor));
    case "fit":
      return sight.moves.fit();
    case "full-size":
      return sight.moves.fullSize();
    case "zoom-box":
      if (selected === undefined) say("Select a box to zoom to it");
      else sight.moves.zoomTo(selected);
      return;
    case "crosshair":
      change({ hasCrosshair: !settings.hasCrosshair });
      return say(settings.hasCrosshair ? "Crosshair off" : "Crosshair on");
    case "hide-class":
      if (selected === undefined) say("Select a box to hide its class");
      else toggleClass(editor, selected.label);
      return;
    case "show-all":
      change({ hidden: new Set(), leastConfidence: 0 });
      return say("All boxes shown");
    case "help":
      editor.setHelpOpen(true);
      return;
    case "next-frame":
      props.onNextFrame?.();
      return;
    case "previous-frame":
      props.onPreviousFrame?.();
      return;
  }
}

/** Zooming keeps what the pointer shows, or the middle while there is no pointer. */
function underPointer({ pointer, sight }: Editor): Point | undefined {
  return pointer.current === null ? undefined : toScreen(sight.view, pointer.current);
}

export function toggleClass({ settings, change, state, dispatch }: Editor, label: string): void {
  const hidden = new Set(settings.hidden);
  const isHidden = !hidden.delete(label);
  if (isHidden) hidden.add(label);
  change({ hidden });
  const boxes = state.boxes.filter((box) => box.label === label).length;
  const text = `${label} ${isHidden ? "hidden" : "shown"}, ${count(boxes, "box", "boxes")}`;
  dispatch({ type: "say", text });
}

function sides({ left, top, width, height }: Rect): Rect {
  return { left, top, width, height };
}

function addInTheMiddle(editor: Editor): void {
  const { sight, image, dispatch } = editor;
  const seen = inSight(sight.view, image, sight.room);
  const side = Math.max(Math.round(Math.min(seen.width, seen.height) / 4), 1);
  const rect = moveInside(
    {
      left: Math.round(seen.left + (seen.width - side) / 2),
      top: Math.round(seen.top + (seen.height - side) / 2),
      width: side,
      height: side,
    },
    image,
  );
  dispatch({ type: "add", box: { ...newBox(editor, editor.newId()), ...rect } });
  if (editor.label === "") editor.setPicking(true);
}

export function newBox({ label }: Editor, id: string): EditBox {
  return { id, label, left: 0, top: 0, width: 0, height: 0, tags: [], confidence: null, origin: "person" };
}

function duplicate({ dispatch, newId, image, sight }: Editor, box: EditBox): void {
  // Twelve screen pixels aside: seen as two boxes at any zoom.
  const aside = Math.max(Math.round(12 / sight.view.scale), 1);
  const copy: EditBox = {
    ...box,
    id: newId(),
    tags: [...box.tags],
    origin: "person",
    confidence: null,
  };
  const rect = moveInside({ ...box, left: box.left + aside, top: box.top + aside }, image);
  dispatch({ type: "add", box: { ...copy, ...sides(rect) }, what: `${nameOf(box)} duplicated` });
}

function goTo({ shown, selected, focus, dispatch }: Editor, by: 1 | -1): void {
  if (shown.length === 0) return dispatch({ type: "say", text: "No boxes" });
  const at = shown.findIndex((box) => box.id === selected?.id);
  const next = at === -1 ? (by === 1 ? 0 : -1) : (at + by) % shown.length;
  const box = shown.at(next);
  if (box !== undefined) focus(box.id);
}

async function copyPrevious({ props, dispatch, newId }: Editor): Promise<void> {
  const { previousBoxes } = props;
  if (previousBoxes === undefined) return dispatch({ type: "say", text: "There is no previous frame" });
  let previous: readonly EditBox[];
  try {
    previous = typeof previousBoxes === "function" ? await previousBoxes() : previousBoxes;
  } catch {
    return dispatch({ type: "say", text: "The boxes of the previous frame could not be read" });
  }
  // What is added is decided when it is added: boxes may have changed while it was read.
  dispatch({ type: "copy", boxes: previous.map((box) => ({ ...box, id: newId() })) });
}
