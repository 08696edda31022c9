// What workers are told, as they will see it.

import { useEffect, useMemo, useRef, useState } from "react";
import { Button, Chip, TextField } from "../../components/ui";
import { Markdown, partsOf } from "../../components/markdown";
import { LARGEST_PICTURE, MOST_PICTURES, pictureNameOf, type Draft } from "./newJob";

interface InstructionsFieldProps {
  instructions: string;
  pictures: Draft["pictures"];
  onInstructions: (text: string) => void;
  onPictures: (pictures: Draft["pictures"]) => void;
}

const TYPES = ["image/jpeg", "image/png", "image/webp"];

export function InstructionsField({ instructions, pictures, onInstructions, onPictures }: InstructionsFieldProps) {
  const chooser = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const parts = partsOf(instructions);
  const sources = usePictures(pictures);
  const sourceOf = (name: string) => sources.get(name) ?? null;
  const add = async (files: readonly File[]) => {
    const next = [...pictures];
    setProblem(null);
    for (const file of files) {
      if (!TYPES.includes(file.type)) setProblem(`${file.name} is no JPEG, PNG or WebP picture.`);
      else if (file.size > LARGEST_PICTURE) setProblem(`${file.name} has more than 5 MiB.`);
      else if (next.length >= MOST_PICTURES) setProblem(`At most ${MOST_PICTURES} pictures.`);
      else {
        const name = pictureNameOf(file.name);
        const at = next.findIndex((picture) => picture.name === name);
        const picture = { name, base64: await base64Of(file) };
        if (at === -1) next.push(picture);
        else next[at] = picture;
      }
    }
    onPictures(next);
  };
  const insert = (name: string, mark: "good" | "bad") => onInstructions(`${instructions.trimEnd()}\n\n![${mark}: what it shows](${name})\n`);
  return (
    <div className="grid gap-[16px] lg:grid-cols-2">
      <div className="flex flex-col gap-[10px]">
        <TextField
          label="Instructions, as Markdown"
          value={instructions}
          onChange={onInstructions}
          lines={14}
          help="What stands before a line of --- is always in sight; the rest is opened on demand. A picture's text that begins with good: or bad: frames it so."
        />
        <div className="flex flex-wrap items-center gap-[8px]">
          <input ref={chooser} type="file" multiple accept={TYPES.join(",")} aria-label="Pictures" tabIndex={-1} className="sr-only" onChange={(event) => void add([...(event.target.files ?? [])]).then(() => chooser.current && (chooser.current.value = ""))} />
          <Button icon="upload" size="small" onPress={() => chooser.current?.click()}>
            Add pictures…
          </Button>
          {pictures.map(({ name }) => (
            <span key={name} className="flex items-center gap-[4px]">
              <Chip onRemove={() => onPictures(pictures.filter((picture) => picture.name !== name))}>{name}</Chip>
              <Button size="small" kind="quiet" aria-label={`${name} as a good example`} onPress={() => insert(name, "good")}>
                good
              </Button>
              <Button size="small" kind="quiet" aria-label={`${name} as a bad example`} onPress={() => insert(name, "bad")}>
                bad
              </Button>
            </span>
          ))}
        </div>
        {problem !== null && (
          <p role="alert" className="text-[12.5px] text-bad">
            {problem}
          </p>
        )}
      </div>
      <section aria-label="How workers see it" className="min-w-0 rounded-[8px] border border-line">
        <div className="border-b border-line bg-paper px-[12px] py-[9px]">
          <h3 className="pb-[4px] text-[11.5px] font-medium text-soft">Always in sight</h3>
          {parts.short === "" ? <p className="text-[13px] text-soft">Nothing.</p> : <Markdown text={parts.short} sourceOf={sourceOf} />}
        </div>
        <div className="px-[12px] py-[9px]">
          <h3 className="pb-[4px] text-[11.5px] font-medium text-soft">Full instructions</h3>
          {parts.full === "" ? <p className="text-[13px] text-soft">Nothing more.</p> : <Markdown text={parts.full} sourceOf={sourceOf} />}
        </div>
      </section>
    </div>
  );
}

/** Where the browser has each picture, until it is left. */
function usePictures(pictures: Draft["pictures"]): ReadonlyMap<string, string> {
  const sources = useMemo(() => new Map(pictures.map(({ name, base64 }) => [name, URL.createObjectURL(new Blob([bytesOf(base64)]))])), [pictures]);
  useEffect(() => () => sources.forEach((source) => URL.revokeObjectURL(source)), [sources]);
  return sources;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

async function base64Of(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  // Parts, for no call takes five million arguments.
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
