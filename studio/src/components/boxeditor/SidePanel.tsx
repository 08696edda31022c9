// The panel beside the image: selected box, all boxes, classes, the model's boxes, checks.

import { memo, useMemo, type ReactNode } from "react";
import { Button } from "react-aria-components";
import { useClassLook } from "../colours";
import { BoxList } from "./BoxList";
import { removed } from "./bulk";
import { DigitOf } from "./ClassPicker";
import { toggleClass } from "./commands";
import { EyeIcon, EyeOffIcon, WarnIcon } from "./icons";
import { lint } from "./lints";
import { Dot, IconButton, Range, Section, TextButton } from "./parts";
import { SelectedBox } from "./SelectedBox";
import type { Editor } from "./useEditor";
import { isBelow, isShown } from "./useSettings";

export const SidePanel = memo(function SidePanel({ editor, panel }: { editor: Editor; panel: ReactNode }) {
  return (
    <aside
      aria-label="Boxes of this frame"
      className="flex w-[280px] shrink-0 flex-col overflow-y-auto border-l border-line bg-card @max-[720px]:max-h-[45%] @max-[720px]:w-full @max-[720px]:border-t @max-[720px]:border-l-0"
    >
      {panel}
      <SelectedBox editor={editor} />
      <BoxList editor={editor} />
      <Classes editor={editor} />
      <ModelBoxes editor={editor} />
      <Checks editor={editor} />
      <Section title="View">
        <Range
          label="Opacity"
          value={editor.settings.opacity}
          low={0.1}
          step={0.05}
          shown={`${Math.round(editor.settings.opacity * 100)}%`}
          onChange={(opacity) => editor.change({ opacity })}
        />
      </Section>
    </aside>
  );
});

function Classes({ editor }: { editor: Editor }) {
  const { state, digits, names, settings, selected, label, isReadOnly } = editor;
  const look = useClassLook();
  const counts = new Map<string, number>();
  for (const box of state.boxes) counts.set(box.label, (counts.get(box.label) ?? 0) + 1);
  const keyed = new Set(digits.values());
  const listed = names.filter((name) => keyed.has(name) || counts.has(name) || name === label);
  const others = names.length - listed.length;
  const current = selected?.label ?? label;
  return (
    <Section title="Classes" aside={selected === undefined && editor.props.readOnly !== true ? `new boxes: ${label === "" ? "none" : label}` : undefined}>
      <ul className="-mx-1.5">
        {listed.map((name) => {
          const isHidden = settings.hidden.has(name);
          return (
            <li key={name} className="flex h-7 items-center">
              <Button
                aria-current={name === current ? "true" : undefined}
                isDisabled={isReadOnly}
                onPress={() => editor.setClass(name)}
                className={`flex h-7 min-w-0 flex-1 items-center gap-2 rounded-md px-1.5 text-left text-[13px] outline-none hover:bg-sunken data-[focus-visible]:outline-2 data-[focus-visible]:-outline-offset-2 data-[focus-visible]:outline-accent
                  ${name === current ? "font-semibold" : ""} ${isHidden ? "text-soft" : "text-ink"}`}
              >
                <Dot colour={look(name).colour} />
                <span className={`min-w-0 flex-1 truncate ${isHidden ? "line-through" : ""}`}>{name}</span>
                <span className="text-xs font-normal text-soft tabular-nums">{counts.get(name) ?? ""}</span>
                <span className="w-6 text-right font-normal">
                  <DigitOf name={name} digits={digits} />
                </span>
              </Button>
              <IconButton label={isHidden ? `Show ${name}` : `Hide ${name}`} onPress={() => toggleClass(editor, name)}>
                {isHidden ? <EyeOffIcon /> : <EyeIcon />}
              </IconButton>
            </li>
          );
        })}
      </ul>
      {!isReadOnly && (others > 0 || editor.props.allowNewClasses !== false) && (
        <Button
          onPress={() => editor.setPicking(true)}
          className="-mx-1.5 h-7 rounded-md px-1.5 text-[13px] text-accent outline-none hover:bg-sunken data-[focus-visible]:outline-2 data-[focus-visible]:outline-accent"
        >
          {others > 0 ? `${others} more…` : "Another class…"}
        </Button>
      )}
    </Section>
  );
}

function ModelBoxes({ editor }: { editor: Editor }) {
  const { state, settings, change, dispatch, run, isReadOnly } = editor;
  const least = settings.leastConfidence;
  const boxes = state.boxes.filter(({ origin }) => origin === "model");
  if (boxes.length === 0) return null;
  const below = boxes.filter((box) => isBelow(box, least)).length;
  const shown = boxes.filter((box) => isShown(box, settings)).length;
  return (
    <Section title="The model's boxes" aside={`${boxes.length} not accepted`}>
      <Range
        label="Confidence"
        value={least}
        low={0}
        step={0.01}
        shown={least === 0 ? "all" : `≥ ${least.toFixed(2).replace(/^0/, "")}`}
        onChange={(leastConfidence) => change({ leastConfidence })}
      />
      {!isReadOnly && (
        <div className="mt-1 flex flex-wrap gap-1.5">
          <TextButton onPress={() => run("accept-all")} isDisabled={shown === 0}>
            Accept {shown} shown
          </TextButton>
          {below > 0 && (
            <TextButton onPress={() => dispatch({ type: "replace", ...removed(state.boxes, (box) => isBelow(box, least)) })}>
              Remove {below} hidden
            </TextButton>
          )}
        </div>
      )}
      {(below > 0 || editor.props.saving !== undefined) && <p className="mt-1.5 text-xs text-soft">{editor.props.saving === undefined ? "Hidden boxes are saved too, until they are removed." : "What is not accepted is no part of your answer."}</p>}
    </Section>
  );
}

/** More is not read anyway: the first are mended, then the next are seen. */
const MOST_CHECKS = 50;

function Checks({ editor }: { editor: Editor }) {
  const { boxes } = editor.state;
  const found = useMemo(() => lint(boxes, editor.image), [boxes, editor.image]);
  return (
    <Section title="Checks" aside={found.length === 0 ? "nothing looks wrong" : `${found.length}`}>
      {found.length > 0 && (
        <ul className="-mx-1.5">
          {found.slice(0, MOST_CHECKS).map(({ kind, id, text }, at) => (
            <li key={`${kind} ${id} ${at}`}>
              <Button
                onPress={() => editor.focus(id)}
                className="flex min-h-7 w-full items-center gap-2 rounded-md px-1.5 py-1 text-left text-[13px] text-ink outline-none hover:bg-sunken data-[focus-visible]:outline-2 data-[focus-visible]:-outline-offset-2 data-[focus-visible]:outline-accent"
              >
                <WarnIcon className="size-3.5 shrink-0 text-warn" />
                <span className="min-w-0 flex-1">{text}</span>
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
