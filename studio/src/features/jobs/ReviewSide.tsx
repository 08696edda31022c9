// Beside the image of a task: who said what, what became of it, and why.

import type { ReactNode } from "react";
import { Badge, CheckMark, cx, Icon } from "../../components/ui";
import { useClassLook } from "../../components/colours";
import type { Note, TaskDetail } from "../../api/labelling";
import { count, dateAndTime } from "../../app/address";
import { roughly } from "../work/timer";
import type { Layers } from "./ReviewImage";
import { colourOfAnswer, inShort, leftOutOf, whyLeftOut, whyMerged } from "./why";
import { percent, STATES } from "./words";

interface ReviewSideProps {
  detail: TaskDetail;
  layers: Layers;
  onLayers: (change: Partial<Layers>) => void;
  active: string | null;
  selected: string | null;
  onActive: (key: string | null) => void;
  onSelect: (key: string | null) => void;
}

export function ReviewSide({ detail, layers, onLayers, active, selected, onActive, onSelect }: ReviewSideProps) {
  const { task, answers, result, judged, decision, initial, gold, notes } = detail;
  const look = useClassLook();
  const left = leftOutOf(answers, result?.left_out ?? []);
  const toggleAnswer = (place: number) => {
    const hidden = new Set(layers.hidden);
    if (!hidden.delete(place)) hidden.add(place);
    onLayers({ hidden });
  };
  const row = (key: string) => ({
    "aria-pressed": selected === key,
    onPointerEnter: () => onActive(key),
    onPointerLeave: () => onActive(null),
    onFocus: () => onActive(key),
    onBlur: () => onActive(null),
    onClick: () => onSelect(selected === key ? null : key),
    className: cx("block w-full rounded-[6px] px-[8px] py-[5px] text-left", active === key || selected === key ? "bg-accent-wash" : "hover:bg-ink/5"),
  });
  return (
    <>
      <Part title="Result" aside={task.agreement == null ? undefined : `agreement ${percent(task.agreement)}`}>
        <p className="text-[13px] text-ink">{inShort(detail)}</p>
        {judged != null && (
          <p className="pt-[6px]">
            <Badge tone={judged.is_good ? "good" : "bad"} icon={judged.is_good ? "check" : "close"}>
              {`${judged.is_good ? "good" : "not good"}, ${judged.confidence.toFixed(2)}`}
            </Badge>
          </p>
        )}
        <div className="flex flex-wrap gap-[6px] pt-[8px]">
          <Badge tone={STATES[task.state].tone}>{STATES[task.state].word}</Badge>
          {task.flagged && <Badge tone="warn" icon="alert">flagged</Badge>}
          {task.gold && <Badge tone="warn">gold: not in the results</Badge>}
        </div>
        {decision != null && <p className="pt-[8px] text-[12.5px] text-soft">{`${decision.kind} by ${decision.by}, ${dateAndTime(decision.at).slice(0, 16)} UTC`}</p>}
      </Part>
      <Part title="People" aside={`${answers.length} of ${task.wanted} answers`}>
        <ul className="-mx-[8px]">
          {answers.map(({ worker, boxes, verdict, seconds, state }, place) => (
            <li key={place}>
              <LayerToggle isOn={!layers.hidden.has(place)} onToggle={() => toggleAnswer(place)} colour={colourOfAnswer(place)} name={worker} hotkey={place < 9 ? `${place + 1}` : undefined}>
                {boxes != null ? count(boxes.length, "box", "boxes") : verdict != null ? (verdict.is_good ? "good" : "not good") : ""}, {roughly(seconds)}
                {state === "sent_back" && ", sent back"}
              </LayerToggle>
              {verdict?.comment != null && <p className="px-[30px] pb-[4px] text-[12.5px] text-ink">“{verdict.comment}”</p>}
            </li>
          ))}
          {result != null && (
            <li>
              <LayerToggle isOn={layers.hasMerged} onToggle={() => onLayers({ hasMerged: !layers.hasMerged })} name="Merged" hotkey="M">
                {count(result.boxes.length, "box", "boxes")}
              </LayerToggle>
            </li>
          )}
          {initial.length > 0 && (
            <li>
              <LayerToggle isOn={layers.hasInitial} onToggle={() => onLayers({ hasInitial: !layers.hasInitial })} colour="#ffffff" name="Shown at first">
                {count(initial.length, "box", "boxes")}
              </LayerToggle>
            </li>
          )}
          {gold != null && (
            <li>
              <LayerToggle isOn={layers.hasGold} onToggle={() => onLayers({ hasGold: !layers.hasGold })} colour="#ffd700" name="Gold">
                {count(gold.length, "box", "boxes")}
              </LayerToggle>
            </li>
          )}
        </ul>
      </Part>
      {result != null && result.boxes.length > 0 && (
        <Part title="Merged boxes" aside={`${result.boxes.length}`}>
          <ul className="-mx-[8px]" aria-label="Merged boxes">
            {result.boxes.map((box, place) => (
              <li key={place}>
                <button type="button" {...row(`m${place}`)}>
                  <span className="flex items-center gap-[7px] text-[13px] text-ink">
                    <span className="size-[10px] shrink-0 rounded-[2px] ring-1 ring-ink/20" style={{ background: look(box.label).colour }} />
                    <span className="min-w-0 flex-1 truncate">{box.label}</span>
                    {box.is_tied && <Badge tone="warn">tie</Badge>}
                    <span className="flex gap-[3px]">
                      {box.members.map(({ answer }) => (
                        <span key={answer} className="size-[8px] rounded-full ring-1 ring-ink/30" style={{ background: colourOfAnswer(answer) }} />
                      ))}
                    </span>
                    <span className="tabular-nums">{box.confidence.toFixed(2)}</span>
                  </span>
                  <span className="block pt-[1px] text-[12px] text-soft tabular-nums">{whyMerged(box, answers.length)}</span>
                </button>
              </li>
            ))}
          </ul>
        </Part>
      )}
      {left.length > 0 && (
        <Part title="Left out" aside={`${left.length}`}>
          <ul className="-mx-[8px]" aria-label="Boxes left out">
            {left.map((one, place) => (
              <li key={place}>
                <button type="button" {...row(`l${place}`)}>
                  <span className="flex items-center gap-[7px] text-[13px] text-ink">
                    <span className="size-[10px] shrink-0 rounded-full border-2 border-dashed" style={{ borderColor: colourOfAnswer(one.answer) }} />
                    <span className="min-w-0 flex-1 truncate">
                      {one.box.label} <span className="text-soft">of {answers[one.answer]?.worker}</span>
                    </span>
                  </span>
                  <span className="block pt-[1px] text-[12px] text-soft tabular-nums">{whyLeftOut(one, answers.length)}</span>
                </button>
              </li>
            ))}
          </ul>
        </Part>
      )}
      <Part title="Notes" aside={notes.length === 0 ? "none" : `${notes.length}`}>
        <ul className="flex flex-col gap-[8px]">
          {notes.map((note, place) => (
            <NoteRow key={place} note={note} />
          ))}
        </ul>
      </Part>
    </>
  );
}

function Part({ title, aside, children }: { title: string; aside?: string | undefined; children: ReactNode }) {
  return (
    <section aria-label={title} className="border-b border-line px-[14px] py-[11px]">
      <div className="flex items-baseline justify-between gap-[8px] pb-[5px]">
        <h2 className="text-[12px] font-semibold">{title}</h2>
        {aside !== undefined && <span className="text-[12px] text-soft tabular-nums">{aside}</span>}
      </div>
      {children}
    </section>
  );
}

interface LayerToggleProps {
  isOn: boolean;
  onToggle: () => void;
  colour?: string;
  name: string;
  hotkey?: string | undefined;
  children: ReactNode;
}

function LayerToggle({ isOn, onToggle, colour, name, hotkey, children }: LayerToggleProps) {
  return (
    <button type="button" role="switch" aria-checked={isOn} onClick={onToggle} className="flex h-[28px] w-full items-center gap-[8px] rounded-[6px] px-[8px] text-left text-[13px] hover:bg-ink/5">
      <CheckMark isChecked={isOn} />
      {colour !== undefined && <span className="size-[10px] shrink-0 rounded-full ring-1 ring-ink/40" style={{ background: colour }} />}
      <span className="min-w-0 truncate text-ink">{name}</span>
      <span className="flex-1 text-right text-[12px] whitespace-nowrap text-soft tabular-nums">{children}</span>
      {hotkey !== undefined && <kbd className="font-sans text-[11px] text-soft">{hotkey}</kbd>}
    </button>
  );
}

const NOTE_WORDS: Record<Note["kind"], string> = { flag: "flagged it", skip: "skipped it", sent_back: "sent it back", comment: "says", settled: "settled the flag" };

function NoteRow({ note }: { note: Note }) {
  return (
    <li className="flex gap-[8px] text-[13px]">
      <span className={cx("pt-[2px]", note.kind === "flag" ? "text-warn" : "text-soft")}>
        <Icon name={note.kind === "flag" ? "alert" : note.kind === "sent_back" ? "refresh" : "info"} size={14} />
      </span>
      <p className="min-w-0 wrap-anywhere text-ink">
        <b className="font-medium">{note.author}</b> {NOTE_WORDS[note.kind]}
        {note.text !== "" && `: ${note.text}`}
        <span className="block text-[12px] text-soft tabular-nums">{dateAndTime(note.at).slice(0, 16)} UTC</span>
      </p>
    </li>
  );
}
