// Buttons for what the keys do, and how saving stands.

import { memo, type ReactNode } from "react";
import { Toolbar as Bar } from "react-aria-components";
import {
  CopyPreviousIcon,
  CrosshairIcon,
  DeleteIcon,
  DrawIcon,
  DuplicateIcon,
  FitIcon,
  HelpIcon,
  NextIcon,
  PreviousIcon,
  RedoIcon,
  UndoIcon,
  ZoomBoxIcon,
  ZoomInIcon,
  ZoomOutIcon,
} from "./icons";
import { keyOf, type Command } from "./keys";
import { IconButton, IconToggle, TextButton } from "./parts";
import type { Editor, Saving } from "./useEditor";
import { IS_MAC } from "./useKeys";

export const Toolbar = memo(function Toolbar({ editor, kept }: { editor: Editor; kept: ReactNode }) {
  const { props, state, settings, selected, isReadOnly, isDrawing, run, sight, saving } = editor;
  const deed = (command: Command) => ({ keys: keyOf(command, IS_MAC), onPress: () => run(command) });
  const percent = Math.round(sight.view.scale * 100);
  return (
    <Bar
      aria-label="Box editor"
      className="flex flex-wrap items-center gap-x-1 gap-y-1 border-b border-line bg-card px-2 py-1.5"
    >
      {(props.onPreviousFrame ?? props.onNextFrame) !== undefined && (
        <>
          <IconButton label="Previous frame" {...deed("previous-frame")} isDisabled={props.onPreviousFrame === undefined}>
            <PreviousIcon />
          </IconButton>
          <IconButton label="Next frame" {...deed("next-frame")} isDisabled={props.onNextFrame === undefined}>
            <NextIcon />
          </IconButton>
          <Rule />
        </>
      )}
      <IconToggle
        label="Draw a box"
        keys={keyOf("new", IS_MAC)}
        isOn={isDrawing}
        isDisabled={isReadOnly}
        onPress={() => editor.setDrawing(!isDrawing)}
      >
        <DrawIcon />
      </IconToggle>
      <IconButton label="Duplicate" {...deed("duplicate")} isDisabled={isReadOnly || selected === undefined}>
        <DuplicateIcon />
      </IconButton>
      <IconButton label="Delete" {...deed("delete")} isDisabled={isReadOnly || selected === undefined}>
        <DeleteIcon />
      </IconButton>
      {props.previousBoxes !== undefined && (
        <IconButton label="Copy boxes from the previous frame" {...deed("copy-previous")} isDisabled={isReadOnly}>
          <CopyPreviousIcon />
        </IconButton>
      )}
      <Rule />
      <IconButton label="Undo" {...deed("undo")} isDisabled={isReadOnly || state.past.length === 0}>
        <UndoIcon />
      </IconButton>
      <IconButton label="Redo" {...deed("redo")} isDisabled={isReadOnly || state.future.length === 0}>
        <RedoIcon />
      </IconButton>
      <Rule />
      <IconButton label="Zoom out" {...deed("zoom-out")}>
        <ZoomOutIcon />
      </IconButton>
      <IconButton label={`${percent}%, one image pixel per screen pixel`} {...deed("full-size")} className="w-auto! min-w-12 px-1">
        <span className="text-xs tabular-nums">{percent}%</span>
      </IconButton>
      <IconButton label="Zoom in" {...deed("zoom-in")}>
        <ZoomInIcon />
      </IconButton>
      <IconButton label="Fit the image" {...deed("fit")}>
        <FitIcon />
      </IconButton>
      <IconButton label="Zoom to the selected box" {...deed("zoom-box")} isDisabled={selected === undefined}>
        <ZoomBoxIcon />
      </IconButton>
      <Rule />
      <IconToggle label="Crosshair" {...deed("crosshair")} isOn={settings.hasCrosshair}>
        <CrosshairIcon />
      </IconToggle>
      <IconButton label="Keys" {...deed("help")}>
        <HelpIcon />
      </IconButton>
      <span className="flex-1" />
      {props.readOnly === true ? (
        <span className="px-2 text-[13px] text-soft">Only to look at</span>
      ) : kept !== undefined ? (
        kept
      ) : (
        <>
          <SavingState saving={saving} />
          <TextButton isMain onPress={() => run("save")} isDisabled={isReadOnly || saving === "saved" || saving === "saving"}>
            Save
          </TextButton>
        </>
      )}
    </Bar>
  );
});

function Rule() {
  return <span aria-hidden="true" className="mx-1 h-4 w-px bg-line" />;
}

const WORDS: Record<Saving, [text: string, look: string]> = {
  saved: ["Saved", "text-soft"],
  unsaved: ["Unsaved changes", "text-warn"],
  saving: ["Saving…", "text-soft"],
  failed: ["Not saved", "text-bad"],
};

function SavingState({ saving }: { saving: Saving }) {
  const [text, look] = WORDS[saving];
  return (
    <span data-saving={saving} className={`flex items-center gap-1.5 px-2 text-[13px] whitespace-nowrap ${look}`}>
      {saving !== "saved" && <span aria-hidden="true" className="size-1.5 rounded-full bg-current" />}
      {text}
    </span>
  );
}
