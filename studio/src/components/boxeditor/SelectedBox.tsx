// The selected box in numbers and words, each of which can be changed here.

import { useState } from "react";
import { Button } from "react-aria-components";
import { useClassLook } from "../colours";
import { cutToImage, toPixels } from "./geometry";
import { CheckIcon, CloseIcon, DeleteIcon, DuplicateIcon, LockIcon, UnlockIcon } from "./icons";
import { keyOf } from "./keys";
import { Dot, IconButton, IconToggle, Key, Section } from "./parts";
import type { EditBox, Rect } from "./types";
import type { Editor } from "./useEditor";
import { IS_MAC } from "./useKeys";
import { originOf } from "./words";

export function SelectedBox({ editor }: { editor: Editor }) {
  const { selected } = editor;
  if (selected === undefined) {
    // Who only looks draws none.
    if (editor.props.readOnly === true) return null;
    return (
      <Section title="New boxes">
        <div className="flex">
          <ClassButton editor={editor} label={editor.label} />
        </div>
        <p className="mt-1.5 text-xs text-soft">
          Drag on the image to draw, click a box to select it. <Key>?</Key> lists all keys.
        </p>
      </Section>
    );
  }
  return <Details editor={editor} box={selected} />;
}

function Details({ editor, box }: { editor: Editor; box: EditBox }) {
  const { state, run, isReadOnly } = editor;
  const isLocked = state.locked.has(box.id);
  const isFixed = isReadOnly || isLocked;
  return (
    <Section title="Selected box" aside={originOf(box)}>
      <div className="flex items-center gap-0.5">
        <ClassButton editor={editor} label={box.label} isDisabled={isFixed} />
        {box.origin === "model" && (
          <IconButton label="Accept" keys={keyOf("accept", IS_MAC)} onPress={() => run("accept")} isDisabled={isFixed}>
            <CheckIcon />
          </IconButton>
        )}
        <IconToggle label={isLocked ? "Unlock" : "Lock"} keys={keyOf("lock", IS_MAC)} isOn={isLocked} onPress={() => run("lock")} isDisabled={isReadOnly}>
          {isLocked ? <LockIcon /> : <UnlockIcon />}
        </IconToggle>
        <IconButton label="Duplicate this box" keys={keyOf("duplicate", IS_MAC)} onPress={() => run("duplicate")} isDisabled={isReadOnly}>
          <DuplicateIcon />
        </IconButton>
        <IconButton label="Delete this box" keys={keyOf("delete", IS_MAC)} onPress={() => run("delete")} isDisabled={isFixed}>
          <DeleteIcon />
        </IconButton>
      </div>
      <Numbers key={box.id} editor={editor} box={box} isDisabled={isFixed} />
      <Tags key={`tags ${box.id}`} editor={editor} box={box} isDisabled={isFixed} />
    </Section>
  );
}

function ClassButton({ editor, label, isDisabled = editor.isReadOnly }: { editor: Editor; label: string; isDisabled?: boolean }) {
  const look = useClassLook();
  return (
    <Button
      aria-label={`Class: ${label === "" ? "none" : label}. Choose another`}
      isDisabled={isDisabled}
      onPress={() => editor.setPicking(true)}
      className="flex h-7 min-w-0 flex-1 items-center gap-2 rounded-md border border-line bg-card px-2 text-left text-[13px] text-ink outline-none hover:border-line-strong data-[disabled]:text-soft data-[focus-visible]:outline-2 data-[focus-visible]:outline-accent"
    >
      <Dot colour={look(label).colour} />
      <span className="min-w-0 flex-1 truncate">{label === "" ? "no class" : label}</span>
      <Key>/</Key>
    </Button>
  );
}

const FIELDS = [
  ["left", "Left", "X"],
  ["top", "Top", "Y"],
  ["width", "Width", "W"],
  ["height", "Height", "H"],
] as const satisfies readonly (readonly [keyof Rect, string, string])[];

function Numbers({ editor, box, isDisabled }: { editor: Editor; box: EditBox; isDisabled: boolean }) {
  const { image, dispatch } = editor;
  const pixels = toPixels(box, image);
  // What is shown is what would be saved; a field that is left as it was changes nothing.
  const set = (side: keyof Rect, value: number) => {
    if (value === pixels[side]) return;
    const wish = { ...box, [side]: value };
    const isSize = side === "width" || side === "height";
    dispatch({
      type: "change",
      id: box.id,
      patch: cutToImage(wish, image),
      deed: isSize ? "resize" : "move",
    });
  };
  return (
    <div className="mt-2 grid grid-cols-4 gap-1">
      {FIELDS.map(([side, name, short]) => (
        <NumberField
          key={side}
          name={name}
          short={short}
          value={pixels[side]}
          most={side === "left" || side === "width" ? image.width : image.height}
          isDisabled={isDisabled}
          onSet={(value) => set(side, value)}
        />
      ))}
    </div>
  );
}

function NumberField({
  name,
  short,
  value,
  most,
  isDisabled,
  onSet,
}: {
  name: string;
  short: string;
  value: number;
  most: number;
  isDisabled: boolean;
  onSet: (value: number) => void;
}) {
  /** What is being typed; null while the field shows the box. */
  const [typed, setTyped] = useState<string | null>(null);
  const done = () => {
    const wish = typed === null || typed.trim() === "" ? NaN : Number(typed);
    setTyped(null);
    if (Number.isFinite(wish)) onSet(Math.min(Math.max(wish, 0), most));
  };
  return (
    <label className="flex h-7 items-center rounded-md border border-line bg-card pl-1.5 focus-within:border-accent focus-within:ring-1 focus-within:ring-accent">
      <span aria-hidden="true" className="text-[11px] text-soft">
        {short}
      </span>
      <input
        aria-label={`${name} in pixels`}
        inputMode="numeric"
        disabled={isDisabled}
        value={typed ?? `${value}`}
        onChange={(event) => setTyped(event.target.value)}
        onFocus={(event) => event.target.select()}
        onBlur={done}
        onKeyDown={(event) => {
          const steps: Record<string, number> = { ArrowUp: 1, ArrowDown: -1 };
          const step = steps[event.key];
          if (event.key === "Enter") done();
          else if (event.key === "Escape") {
            // First what was typed is given up, then the field is left.
            if (typed === null) event.currentTarget.blur();
            setTyped(null);
          } else if (step !== undefined) {
            event.preventDefault();
            setTyped(null);
            onSet(Math.min(Math.max(value + step * (event.shiftKey ? 10 : 1), 0), most));
          }
        }}
        className="w-full min-w-0 bg-transparent px-1 text-right text-[13px] text-ink tabular-nums outline-none disabled:text-soft"
      />
    </label>
  );
}

function Tags({ editor, box, isDisabled }: { editor: Editor; box: EditBox; isDisabled: boolean }) {
  const [typed, setTyped] = useState("");
  const set = (tags: string[]) => editor.dispatch({ type: "change", id: box.id, patch: { tags }, deed: "tags" });
  const add = () => {
    const tag = typed.trim();
    setTyped("");
    if (tag !== "" && !box.tags.includes(tag)) set([...box.tags, tag]);
  };
  return (
    <div className="mt-2 flex min-h-7 flex-wrap items-center gap-1 rounded-md border border-line bg-card p-1 focus-within:border-accent focus-within:ring-1 focus-within:ring-accent">
      {box.tags.map((tag) => (
        <span key={tag} className="flex h-5 max-w-full items-center gap-0.5 rounded-sm bg-sunken pl-1.5 text-xs text-ink">
          <span className="truncate">{tag}</span>
          <Button
            aria-label={`Remove tag ${tag}`}
            isDisabled={isDisabled}
            onPress={() => set(box.tags.filter((other) => other !== tag))}
            className="grid size-5 place-items-center rounded-sm text-soft outline-none hover:text-ink data-[focus-visible]:outline-2 data-[focus-visible]:outline-accent"
          >
            <CloseIcon className="size-3" />
          </Button>
        </span>
      ))}
      <input
        aria-label="Add a tag"
        placeholder={box.tags.length === 0 ? "Add a tag, such as occluded" : "Add a tag"}
        disabled={isDisabled}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={add}
        onKeyDown={(event) => {
          if (event.key === "Enter" || event.key === ",") {
            event.preventDefault();
            add();
          } else if (event.key === "Escape") {
            if (typed === "") event.currentTarget.blur();
            setTyped("");
          } else if (event.key === "Backspace" && typed === "" && box.tags.length > 0) set(box.tags.slice(0, -1));
        }}
        className="h-5 min-w-20 flex-1 bg-transparent px-1 text-[13px] text-ink outline-none placeholder:text-faint"
      />
    </div>
  );
}
