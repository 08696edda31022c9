// The labels of a job: names, colours, keys.

import { useState } from "react";
import { classColour } from "../../components/classes";
import { Button, Chip, IconButton, TextField } from "../../components/ui";
import type { LabelClass } from "../../api/labelling";
import { useVocabulary } from "../../api/hooks";
import { withKeys } from "./newJob";

interface LabelsFieldProps {
  labels: LabelClass[];
  onChange: (labels: LabelClass[]) => void;
  problem: string | undefined;
}

/** Of the detectors, and never drawn by people. */
const OTHERS = ["face", "plate", "text"];

export function LabelsField({ labels, onChange, problem }: LabelsFieldProps) {
  const [typed, setTyped] = useState("");
  const known = (useVocabulary().data?.labels ?? []).map(({ name }) => name).filter((name) => !OTHERS.includes(name));
  const offered = known.filter((name) => !labels.some((label) => label.name === name)).slice(0, 16);
  const add = (names: string) => {
    const fresh = names
      .split(",")
      .map((name) => name.trim())
      .filter((name, at, all) => name !== "" && all.indexOf(name) === at && !labels.some((label) => label.name === name));
    onChange(withKeys([...labels, ...fresh.map((name) => ({ name }))]));
    setTyped("");
  };
  const set = (at: number, change: Partial<LabelClass>) => onChange(labels.map((label, place) => (place === at ? { ...label, ...change } : label)));
  return (
    <div className="flex flex-col gap-[10px]" role="group" aria-label="Labels">
      {labels.length > 0 && (
        <ul className="flex flex-col gap-[6px]">
          {labels.map((label, at) => (
            <li key={at} className="flex items-center gap-[8px]">
              <input
                type="color"
                aria-label={`Colour of ${label.name}`}
                value={label.color ?? classColour(label.name)}
                onChange={(event) => set(at, { color: event.target.value })}
                className="size-[30px] shrink-0 rounded-[6px] border border-line-strong/70 bg-raised p-[3px]"
              />
              <TextField label={`Name of label ${at + 1}`} hideLabel value={label.name} onChange={(name) => set(at, { name })} className="min-w-0 flex-1" />
              <TextField label={`Key of ${label.name}`} hideLabel value={label.hotkey ?? ""} onChange={(key) => set(at, { hotkey: key.slice(-1).toLowerCase() || null })} placeholder="key" className="w-[52px]" />
              <IconButton icon="trash" label={`Remove ${label.name}`} size="small" onPress={() => onChange(labels.filter((_, place) => place !== at))} />
            </li>
          ))}
        </ul>
      )}
      <div className="flex items-end gap-[8px]">
        <TextField label="Add labels" value={typed} onChange={setTyped} onEnter={() => add(typed)} placeholder="car, person, bus" className="flex-1" error={typed === "" ? problem : undefined} />
        <span className={problem !== undefined && typed === "" ? "pb-[22px]" : ""}>
          <Button isDisabled={typed.trim() === ""} onPress={() => add(typed)}>
            Add
          </Button>
        </span>
      </div>
      {offered.length > 0 && (
        <div className="flex flex-wrap gap-[6px]" role="group" aria-label="Labels of the catalog">
          {offered.map((name) => (
            <button key={name} type="button" aria-label={`Add ${name}`} onClick={() => add(name)} className="rounded-[11px]">
              <Chip colour={classColour(name)}>{name}</Chip>
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
