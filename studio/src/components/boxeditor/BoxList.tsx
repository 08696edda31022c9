// The boxes of the frame as a list: what the image shows, in words.

import { memo, useEffect, useId, useRef, type KeyboardEvent } from "react";
import { useClassLook } from "../colours";
import { LockIcon } from "./icons";
import { sameItems } from "./useLatest";
import { Dot, Section } from "./parts";
import type { EditBox } from "./types";
import type { Editor } from "./useEditor";
import { originOf, sizeOf } from "./words";

export function BoxList({ editor }: { editor: Editor }) {
  const { shown, selected, state, focus } = editor;
  const id = useId();
  const list = useRef<HTMLUListElement>(null);
  const at = selected === undefined ? -1 : shown.indexOf(selected);
  const hidden = state.boxes.length - shown.length;

  // Scrolled by hand: scrollIntoView would scroll the page too, where the list lies below
  // the image.
  useEffect(() => {
    const { current } = list;
    const row = current?.children[at];
    if (current === null || !(row instanceof HTMLElement)) return;
    const { offsetTop, offsetHeight } = row;
    if (offsetTop < current.scrollTop) current.scrollTop = offsetTop;
    const low = offsetTop + offsetHeight - current.clientHeight;
    if (low > current.scrollTop) current.scrollTop = low;
  }, [at]);

  const onKeyDown = (event: KeyboardEvent) => {
    const last = shown.length - 1;
    const goals: Record<string, number> = {
      ArrowDown: Math.min(at + 1, last),
      ArrowUp: Math.max(at - 1, 0),
      Home: 0,
      End: last,
    };
    const goal = goals[event.key];
    const box = goal === undefined ? undefined : shown[goal];
    if (box === undefined || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    focus(box.id);
  };

  const aside = hidden === 0 ? `${shown.length}` : `${shown.length} of ${state.boxes.length}, ${hidden} hidden`;
  return (
    <Section title="Boxes" aside={aside}>
      {shown.length === 0 ? (
        <p className="py-1 text-[13px] text-soft">
          {hidden > 0 ? "All boxes are hidden." : editor.isReadOnly ? "No boxes." : "None yet. Drag on the image to draw one."}
        </p>
      ) : (
        <ul
          ref={list}
          role="listbox"
          aria-label="Boxes"
          tabIndex={0}
          aria-activedescendant={at === -1 ? undefined : `${id}-${shown[at]?.id ?? ""}`}
          onKeyDown={onKeyDown}
          className="relative -mx-1.5 max-h-[266px] overflow-y-auto rounded-md"
        >
          {inParts(shown).map((boxes, part) => (
            <Part
              key={part}
              boxes={boxes}
              id={id}
              selected={boxes.some((box) => box.id === selected?.id) ? selected?.id : undefined}
              locked={state.locked}
              onChoose={focus}
            />
          ))}
        </ul>
      )}
    </Section>
  );
}

/** Rows that are rendered or left alone together. */
const PART = 50;

function inParts(boxes: readonly EditBox[]): (readonly EditBox[])[] {
  const parts: (readonly EditBox[])[] = [];
  for (let at = 0; at < boxes.length; at += PART) parts.push(boxes.slice(at, at + PART));
  return parts;
}

interface PartProps {
  boxes: readonly EditBox[];
  id: string;
  /** Only if it is among them. */
  selected: string | undefined;
  locked: ReadonlySet<string>;
  onChoose: (id: string) => void;
}

const Part = memo(
  function Part({ boxes, id, selected, locked, onChoose }: PartProps) {
    return boxes.map((box) => (
      <Row
        key={box.id}
        box={box}
        id={`${id}-${box.id}`}
        isSelected={box.id === selected}
        isLocked={locked.has(box.id)}
        onChoose={onChoose}
      />
    ));
  },
  (a, b) => a.selected === b.selected && a.locked === b.locked && a.id === b.id && sameItems(a.boxes, b.boxes),
);

interface RowProps {
  box: EditBox;
  id: string;
  isSelected: boolean;
  isLocked: boolean;
  onChoose: (id: string) => void;
}

const Row = memo(function Row({ box, id, isSelected, isLocked, onChoose }: RowProps) {
  const look = useClassLook();
  return (
    <li
      id={id}
      role="option"
      aria-selected={isSelected}
      onClick={() => onChoose(box.id)}
      className={`flex h-7 items-center gap-2 rounded-md px-1.5 text-[13px] [contain-intrinsic-size:auto_28px] [content-visibility:auto]
        ${isSelected ? "bg-accent-wash" : "hover:bg-sunken"}`}
    >
      <Dot colour={look(box.label).colour} />
      <span className="min-w-0 flex-1 truncate text-ink">
        {box.label === "" ? "no class" : box.label}
        {box.tags.length > 0 && <span className="ml-1.5 text-xs text-soft">{box.tags.join(", ")}</span>}
      </span>
      {isLocked && <LockIcon className="size-3.5 text-soft" role="img" aria-label="locked" aria-hidden={undefined} />}
      <span className="shrink-0 text-xs text-soft tabular-nums">{sizeOf(box)}</span>
      <span className="w-[74px] shrink-0 text-right text-xs text-soft tabular-nums">{originOf(box)}</span>
    </li>
  );
});
