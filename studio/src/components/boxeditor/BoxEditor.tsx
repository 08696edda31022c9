// Boxes on one frame, drawn and corrected by a person. Knows nothing of where frames come
// from or where boxes are stored: it is given both, and hands whole pixels back.

import { useDeferredValue, useLayoutEffect, useMemo, useRef, useState, type ReactNode, type RefObject } from "react";
import { ClassColours } from "../colours";
import { Canvas } from "./Canvas";
import { CheatSheet } from "./CheatSheet";
import { ClassPicker } from "./ClassPicker";
import { TextButton } from "./parts";
import { SidePanel } from "./SidePanel";
import { Toolbar } from "./Toolbar";
import type { EditBox, EditorClass, EditorDeed, Point, PreviousBoxes, SavedBox, SeenBoxes } from "./types";
import { clock, useEditor, type Editor } from "./useEditor";
import { useKeys } from "./useKeys";
import { useSettings } from "./useSettings";
import { count } from "./words";

export interface BoxEditorProps {
  /** Which frame this is, unlike all others of this site: its draft is kept under it.
   * Another key is another frame, with a history of its own. */
  frameKey: string;
  imageUrl: string;
  imageWidth: number;
  imageHeight: number;
  alt: string;
  /** As they are stored. */
  boxes: readonly EditBox[];
  /** The revision `boxes` were read at: drafts are kept for it. */
  base: string;
  classes: readonly EditorClass[];
  /** Whether a class may be typed that is not among `classes`; yes unless said otherwise. */
  allowNewClasses?: boolean;
  previousBoxes?: PreviousBoxes;
  readOnly?: boolean;
  /** True while something else than `onSave` saves them. */
  isSaving?: boolean;
  /** Why they could not be saved, for the person. */
  problem?: string | null;
  /** Rejects with an Error whose message a person can read. */
  onSave: (boxes: SavedBox[]) => Promise<void>;
  onChange?: (isDirty: boolean) => void;
  /** Told of the boxes after each change, and when it opens: for a page that keeps them. */
  onBoxes?: (seen: SeenBoxes) => void;
  /** In the place of how saving stands and of its button: for a page that keeps every change
   * by itself. */
  saving?: ReactNode;
  /** Further keys, and what they do. */
  deeds?: readonly EditorDeed[];
  /** Above the panel's own parts. */
  panel?: ReactNode;
  /** Something around the editor: keys pressed there are the editor's as well. */
  around?: RefObject<HTMLElement | null>;
  onNextFrame?: () => void;
  onPreviousFrame?: () => void;
}

export function BoxEditor(props: BoxEditorProps) {
  const settings = useSettings();
  const colours = useMemo(() => new Map(props.classes.flatMap(({ name, colour }) => (colour === undefined ? [] : [[name, colour] as const]))), [props.classes]);
  return (
    <ClassColours colours={colours}>
      <Frame key={props.frameKey} given={props} settings={settings} />
    </ClassColours>
  );
}

interface FrameProps {
  given: BoxEditorProps;
  settings: ReturnType<typeof useSettings>;
}

function Frame({ given, settings }: FrameProps) {
  const editor = useEditor(given, settings);
  // While a hand drags or zooms, the image follows at once, buttons and lists when there is
  // time. What is typed or slid in the panel itself must never be behind.
  const late = useDeferredValue(editor);
  const isSame = late.state === editor.state && late.settings === editor.settings;
  const calm = isSame || editor.state.live !== null ? late : editor;
  const root = useRef<HTMLDivElement>(null);
  const giveUp = useRef(() => false);
  const where = useRef<HTMLSpanElement>(null);
  const [isSpaceHeld, setSpaceHeld] = useState(false);

  useKeys(given.around ?? root, editor.sight.canvas, {
    run: (command, isRepeat) => {
      if (command === "deselect" && giveUp.current()) return;
      editor.run(command, isRepeat);
    },
    deed: (chord, isRepeat) => {
      const found = given.deeds?.find(({ keys }) => keys.includes(chord));
      if (found !== undefined && !isRepeat) found.run();
      return found !== undefined;
    },
    digit: (digit) => {
      const name = editor.digits.get(digit);
      if (name !== undefined) editor.setClass(name);
      return name !== undefined;
    },
    hold: setSpaceHeld,
  });

  // Written by hand: the pointer moves more often than anything should be rendered.
  const moved = (at: Point | null) => {
    if (where.current !== null) {
      where.current.textContent = at === null ? "" : `${Math.floor(at.x)}, ${Math.floor(at.y)}`;
    }
  };

  return (
    <div
      ref={root}
      data-calm={calm === editor}
      className="@container flex size-full min-h-0 flex-col overflow-hidden bg-card text-ink"
    >
      {/* What the page put in is its own, and never behind either. */}
      <Toolbar editor={calm} kept={given.saving} />
      {editor.problem !== null && (
        <p role="alert" className="border-b border-line bg-bad-wash px-3 py-1.5 text-[13px] text-bad">
          Not saved: {editor.problem}
        </p>
      )}
      {editor.conflict !== null && <Conflict editor={editor} />}
      <div className="flex min-h-0 flex-1 @max-[720px]:flex-col">
        <div className="flex min-h-0 min-w-0 flex-1 flex-col">
          <Canvas editor={editor} giveUp={giveUp} isSpaceHeld={isSpaceHeld} onMoved={moved}>
            {editor.isPicking && !editor.isReadOnly && <ClassPicker editor={editor} />}
          </Canvas>
          <div className="flex h-7 shrink-0 items-center gap-3 border-t border-line px-3 text-xs text-soft">
            <Said said={editor.state.said} />
            <span ref={where} aria-hidden="true" className="tabular-nums" />
            <span aria-hidden="true" className="tabular-nums">
              {given.imageWidth} × {given.imageHeight}
            </span>
          </div>
        </div>
        <SidePanel editor={calm} panel={given.panel} />
      </div>
      <CheatSheet deeds={given.deeds} isOpen={editor.isHelpOpen} onOpenChange={editor.setHelpOpen} />
    </div>
  );
}

/** What happened, seen and heard. */
function Said({ said }: { said: Editor["state"]["said"] }) {
  const line = useRef<HTMLSpanElement>(null);
  // The same words twice are two deeds: a screen reader speaks only when the text changes,
  // so every other time it ends in a space that cannot be seen.
  useLayoutEffect(() => {
    if (line.current !== null) line.current.textContent = said.text + (said.count % 2 === 0 ? "" : "\u00a0");
  }, [said]);
  return <span ref={line} role="status" aria-live="polite" className="min-w-0 flex-1 truncate" />;
}

function Conflict({ editor }: { editor: Editor }) {
  const { conflict, settle, state } = editor;
  if (conflict === null) return null;
  return (
    <div role="alert" className="flex flex-wrap items-center gap-2 border-b border-line bg-warn-wash px-3 py-1.5 text-[13px] text-ink">
      <p className="min-w-0 flex-1">
        There is an unsaved draft of {clock(conflict.at)} with {count(conflict.boxes.length, "box", "boxes")}, but the
        stored boxes have changed since: now {state.boxes.length}.
      </p>
      <TextButton onPress={() => settle("draft")}>Take my draft</TextButton>
      <TextButton onPress={() => settle("stored")}>Keep what is stored</TextButton>
    </div>
  );
}
