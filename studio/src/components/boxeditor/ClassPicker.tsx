// Finds a class by typing, near the box it is for.

import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import { useClassLook } from "../colours";
import { filterClasses } from "./filter";
import { Dot, Key } from "./parts";
import type { Editor } from "./useEditor";
import { toScreen } from "./zoom";

const WIDTH = 240;
const HEIGHT = 286;

export function ClassPicker({ editor }: { editor: Editor }) {
  const { names, digits, selected, props, sight } = editor;
  const look = useClassLook();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const found = filterClasses(names, typed, props.allowNewClasses !== false);
  const active = Math.min(at, found.length - 1);

  const close = () => {
    editor.setPicking(false);
    sight.canvas.current?.focus({ preventScroll: true });
  };
  const choose = (choice: number) => {
    const name = found[choice]?.name;
    if (name === undefined) return;
    editor.setClass(name);
    close();
  };

  useEffect(() => {
    const row = list.current?.children[active];
    if (list.current !== null && row instanceof HTMLElement) {
      const { offsetTop, offsetHeight } = row;
      const { scrollTop, clientHeight } = list.current;
      if (offsetTop < scrollTop) list.current.scrollTop = offsetTop;
      else if (offsetTop + offsetHeight > scrollTop + clientHeight) {
        list.current.scrollTop = offsetTop + offsetHeight - clientHeight;
      }
    }
  }, [active]);

  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      setAt((active + step + found.length) % found.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(active);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  };

  return (
    <div
      ref={root}
      className="absolute z-20 flex flex-col overflow-hidden rounded-lg border border-line-strong bg-raised shadow-xl"
      style={{ width: WIDTH, maxHeight: HEIGHT, ...placeOf(editor) }}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) editor.setPicking(false);
      }}
    >
      <input
        // The person asked for this field by a key or a press: focus is where it is wanted.
        autoFocus
        role="combobox"
        aria-label={selected === undefined ? "Class of new boxes" : `Class of the box, now ${selected.label}`}
        aria-expanded="true"
        aria-autocomplete="list"
        aria-controls={`${id}-list`}
        aria-activedescendant={found.length > 0 ? `${id}-${active}` : undefined}
        placeholder={selected === undefined ? "Class of new boxes" : "Class"}
        value={typed}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
        className="h-9 shrink-0 border-b border-line bg-transparent px-3 text-[13px] text-ink outline-none placeholder:text-faint"
      />
      <ul ref={list} id={`${id}-list`} role="listbox" aria-label="Classes" className="relative min-h-0 flex-1 overflow-y-auto p-1">
        {found.map(({ name, isNew }, place) => (
          <li
            key={name}
            id={`${id}-${place}`}
            role="option"
            aria-selected={place === active}
            // A press would take the focus from the field before the click is done.
            onPointerDown={(event) => event.preventDefault()}
            onPointerMove={() => setAt(place)}
            onClick={() => choose(place)}
            className={`flex h-7 items-center gap-2 rounded-md px-2 text-[13px] ${place === active ? "bg-accent-wash text-ink" : "text-ink"}`}
          >
            <Dot colour={look(name).colour} />
            <span className="min-w-0 flex-1 truncate">{name}</span>
            {isNew && <span className="text-xs text-soft">new class</span>}
            <DigitOf name={name} digits={digits} />
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="px-3 pb-2 text-[13px] text-soft">No class of that name</p>}
    </div>
  );
}

export function DigitOf({ name, digits }: { name: string; digits: ReadonlyMap<string, string> }) {
  for (const [digit, other] of digits) if (other === name) return <Key>{digit}</Key>;
  return null;
}

// Below the box, above it, or where there is room; never outside the canvas.
function placeOf({ selected, sight }: Editor): { left: number; top: number } {
  const { view, room } = sight;
  const inside = (value: number, most: number) => Math.max(8, Math.min(value, most - 8));
  if (selected === undefined) return { left: inside((room.width - WIDTH) / 2, room.width - WIDTH), top: 24 };
  const low = toScreen(view, { x: selected.left, y: selected.top });
  const high = toScreen(view, { x: selected.left + selected.width, y: selected.top + selected.height });
  const left = inside(low.x, room.width - WIDTH);
  if (high.y + 8 + HEIGHT <= room.height) return { left, top: inside(high.y + 8, room.height) };
  if (high.x + 8 + WIDTH <= room.width) return { left: inside(high.x + 8, room.width - WIDTH), top: inside(low.y, room.height - HEIGHT) };
  return { left, top: inside(low.y - 8 - HEIGHT, room.height - HEIGHT) };
}
