// Everything the editor's parts share: its state, what is shown of it, and what each
// command does. The parts only draw it.

import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState, type Dispatch, type RefObject } from "react";
import type { BoxEditorProps } from "./BoxEditor";
import { savesTheSame, toSaved } from "./changes";
import { runCommand } from "./commands";
import { browserKeep, draftOf, dropDraft, openDraft, type Draft } from "./draft";
import { classKeys, type Command } from "./keys";
import { begin, boxOf, isDirty, reduce, type Action, type EditorState } from "./state";
import type { EditBox, Point, Size } from "./types";
import { useDraft } from "./useDraft";
import { useLatest } from "./useLatest";
import { isBelow, isShown, type Settings, type SettingsChange } from "./useSettings";
import { useView, type Sight } from "./useView";

export type Saving = "saved" | "unsaved" | "saving" | "failed";

export interface Editor {
  props: BoxEditorProps;
  image: Size;
  state: EditorState;
  dispatch: Dispatch<Action>;
  settings: Settings;
  change: (change: SettingsChange) => void;
  sight: Sight;
  shown: readonly EditBox[];
  selected: EditBox | undefined;
  /** Digits and the classes they stand for. */
  digits: ReadonlyMap<string, string>;
  /** All classes: the job's, then what is on the frame besides. */
  names: readonly string[];
  /** Class of the next box; empty where there are no classes at all. */
  label: string;
  isReadOnly: boolean;
  isDrawing: boolean;
  setDrawing: (isDrawing: boolean) => void;
  isPicking: boolean;
  setPicking: (isPicking: boolean) => void;
  isHelpOpen: boolean;
  setHelpOpen: (isOpen: boolean) => void;
  saving: Saving;
  problem: string | null;
  save: () => void;
  conflict: Draft | null;
  settle: (choice: "draft" | "stored") => void;
  run: (command: Command, isRepeat?: boolean) => void;
  setClass: (name: string) => void;
  focus: (id: string) => void;
  newId: () => string;
  /** Where the pointer is, in pixels of the image; null while it is elsewhere. */
  pointer: RefObject<Point | null>;
}

export function useEditor(
  props: BoxEditorProps,
  [settings, change]: [Settings, (change: SettingsChange) => void],
): Editor {
  const { frameKey, base, boxes, imageWidth, imageHeight, classes, onChange } = props;
  const image = useMemo(() => ({ width: imageWidth, height: imageHeight }), [imageWidth, imageHeight]);
  const [opened] = useState(() => open(props, image));
  const [state, dispatch] = useReducer(reduce, opened.state);
  const [conflict, setConflict] = useState<Draft | null>(opened.conflict);
  const sight = useView(image);
  const [isDrawing, setDrawing] = useState(false);
  const [isPicking, setPicking] = useState(false);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const [isSavingHere, setSavingHere] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const pointer = useRef<Point | null>(null);
  const made = useRef(0);

  const dirty = isDirty(state);
  useDraft({ frame: frameKey, base, state, isDirty: dirty, isPaused: conflict !== null });

  const tell = useLatest(onChange);
  useEffect(() => tell.current?.(dirty), [dirty, tell]);

  // Not while a hand still drags: what it lets go of is what is kept.
  const tellBoxes = useLatest(props.onBoxes);
  const isHeld = state.live !== null;
  const least = settings.leastConfidence;
  useEffect(() => {
    if (isHeld || conflict !== null) return;
    const ofModel = state.boxes.filter(({ origin }) => origin === "model");
    const proposed = ofModel.filter((box) => !isBelow(box, least)).map(({ id }) => id);
    tellBoxes.current?.({ boxes: toSaved(state.boxes, image), proposed, hidden: ofModel.length - proposed.length });
  }, [state.boxes, isHeld, conflict, image, least, tellBoxes]);

  const shown = useMemo(() => state.boxes.filter((box) => isShown(box, settings)), [state.boxes, settings]);
  const selected = shown.find(({ id }) => id === state.selected);
  const digits = useMemo(() => classKeys(classes), [classes]);
  const names = useMemo(() => {
    const found = new Set(classes.map(({ name }) => name));
    for (const { label } of state.boxes) if (label !== "") found.add(label);
    if (settings.label !== null) found.add(settings.label);
    return [...found];
  }, [classes, state.boxes, settings.label]);
  const label = settings.label ?? digits.get("1") ?? names[0] ?? "";
  const isReadOnly = props.readOnly === true || conflict !== null;

  const isSaving = isSavingHere || props.isSaving === true;
  const problem = props.problem ?? failure;
  // The studio's boxes changed under the open editor: by this page's own saving, or by
  // somebody else's.
  const known = useRef(base);
  const opening = useLatest({ state, dirty });
  useEffect(() => {
    if (known.current === base) return;
    const before = known.current;
    known.current = base;
    const { state: open, dirty: isUnsaved } = opening.current;
    if (savesTheSame(open.boxes, boxes, image)) {
      dispatch({ type: "stored", boxes: open.boxes });
    } else if (savesTheSame(open.stored, boxes, image)) {
      return;
    } else {
      if (isUnsaved) setConflict(draftOf(open, before, true, Date.now()));
      const text = "The stored boxes changed elsewhere and are shown as they are now";
      dispatch({ type: "open", boxes, text });
    }
  }, [base, boxes, image, opening]);

  // The same object as long as nothing in it changed: the toolbar and the panel follow it
  // at their leisure, see BoxEditor.tsx. What acts reads `latest`, and so is never behind.
  const latest = useRef<Editor>(null);
  const now = (): Editor => {
    if (latest.current === null) throw new Error("used before it was shown");
    return latest.current;
  };
  const deeds = useMemo(
    () => ({
      dispatch,
      change,
      setDrawing,
      setPicking,
      setHelpOpen,
      pointer,
      // Unlike crypto.randomUUID, this works on a page that came without TLS.
      newId: () => `new-${Date.now().toString(36)}-${(made.current += 1)}`,
      run: (command: Command, isRepeat = false) => runCommand(now(), command, isRepeat),
      setClass: (name: string) => setClass(now(), name),
      focus: (id: string) => {
        const box = boxOf(now().state, id);
        if (box === undefined) return;
        dispatch({ type: "select", id });
        now().sight.moves.bringIntoSight(box);
      },
      save: () => {
        const { state: sent, props: to, saving, isReadOnly: isFixed } = now();
        if (saving === "saving" || isFixed || sent.live !== null) return;
        setSavingHere(true);
        setFailure(null);
        to.onSave(toSaved(sent.boxes, sent.image)).then(
          () => {
            setSavingHere(false);
            dispatch({ type: "stored", boxes: sent.boxes });
            dispatch({ type: "say", text: "Saved" });
          },
          (reason: unknown) => {
            setSavingHere(false);
            setFailure(reason instanceof Error ? reason.message : "The boxes could not be saved");
          },
        );
      },
      settle: (choice: "draft" | "stored") => {
        const { conflict: draft, props: of } = now();
        if (choice === "draft" && draft !== null) {
          dispatch({ type: "replace", boxes: draft.boxes, what: "Unsaved draft taken up" });
        } else {
          dropDraft(browserKeep(), of.frameKey);
          dispatch({ type: "say", text: "Draft dropped, the stored boxes stay" });
        }
        setConflict(null);
      },
    }),
    [change],
  );
  const saving: Saving = isSaving ? "saving" : !dirty ? "saved" : problem !== null ? "failed" : "unsaved";
  const shownProblem = dirty && !isSaving ? problem : null;
  const { canvas, view, room, isMeasured, moves } = sight;
  const editor = useMemo<Editor>(
    () => ({
      ...deeds,
      props,
      image,
      state,
      settings,
      sight: { canvas, view, room, isMeasured, moves },
      shown,
      selected,
      digits,
      names,
      label,
      isReadOnly,
      isDrawing,
      isPicking,
      isHelpOpen,
      saving,
      problem: shownProblem,
      conflict,
    }),
    [
      deeds, props, image, state, settings, canvas, view, room, isMeasured, moves, shown, selected,
      digits, names, label, isReadOnly, isDrawing, isPicking, isHelpOpen, saving, shownProblem, conflict,
    ],
  );
  useLayoutEffect(() => {
    latest.current = editor;
  }, [editor]);
  return editor;
}

function open(props: BoxEditorProps, image: Size): { state: EditorState; conflict: Draft | null } {
  const { frameKey, base, boxes } = props;
  const plain = begin(image, boxes);
  const found = openDraft(browserKeep(), frameKey, base);
  if (found.kind === "none") return { state: plain, conflict: null };
  const { draft } = found;
  if (found.kind === "conflict") {
    const isSame = savesTheSame(draft.boxes, boxes, image);
    return { state: plain, conflict: isSame ? null : draft };
  }
  const { past, future, selected } = draft;
  const state = begin(image, boxes, { boxes: draft.boxes, past, future, selected, locked: new Set(draft.locked) });
  if (!isDirty(state)) return { state, conflict: null };
  const text = `Unsaved work of ${clock(draft.at)} is back`;
  return { state: reduce(state, { type: "say", text }), conflict: null };
}

export function clock(at: number): string {
  return new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

function setClass({ selected, isReadOnly, dispatch, change }: Editor, name: string): void {
  if (isReadOnly) return;
  change({ label: name });
  if (selected === undefined) dispatch({ type: "say", text: `New boxes are ${name}` });
  else dispatch({ type: "change", id: selected.id, patch: { label: name }, deed: "label" });
}
