// The image of a task with everybody's boxes: thin in the colour of whoever drew them, thick
// where they were merged, dashed where they came to nothing.

import { memo, type CSSProperties } from "react";
import { ZoomView } from "../../components/zoom";
import { useClassLook } from "../../components/colours";
import type { PersonsBox, TaskDetail } from "../../api/labelling";
import { colourOfAnswer, leftOutOf, membersOf } from "./why";

export interface Layers {
  /** Places of the answers that are not drawn. */
  hidden: ReadonlySet<number>;
  hasMerged: boolean;
  hasInitial: boolean;
  hasGold: boolean;
}

interface ReviewImageProps {
  src: string;
  alt: string;
  detail: TaskDetail;
  layers: Layers;
  /** `m3` is the fourth merged box, `l0` the first that was left out. */
  active: string | null;
  onActive: (key: string | null) => void;
  onSelect: (key: string | null) => void;
}

type Rect = Pick<PersonsBox, "left" | "top" | "width" | "height">;

/** As thick on the screen at any zoom. */
const thick = (pixels: number): CSSProperties => ({ strokeWidth: `calc(${pixels}px / var(--zoom, 1))` });

export const ReviewImage = memo(function ReviewImage({ src, alt, detail, layers, active, onActive, onSelect }: ReviewImageProps) {
  const { task, answers, result, decision, initial, gold } = detail;
  const look = useClassLook();
  const at = active === null ? -1 : Number(active.slice(1));
  const members = membersOf(active?.startsWith("m") === true ? result?.boxes[at] : undefined);
  const left = leftOutOf(answers, result?.left_out ?? []);
  const isLeft = new Set(left.map(({ answer, place }) => `${answer}/${place}`));
  const corrected = decision?.boxes ?? null;
  // Where people gave verdicts, what they were shown is what it is about.
  const isVerify = answers.some(({ verdict }) => verdict != null);
  const main = corrected ?? (isVerify && layers.hasInitial ? initial : null);
  return (
    <ZoomView width={task.width} height={task.height}>
      <div className="relative size-full overflow-hidden" style={{ containerType: "size" }}>
        <div className="absolute top-1/2 left-1/2 -translate-1/2" style={{ aspectRatio: `${task.width} / ${task.height}`, width: `min(100cqw, ${(100 * task.width) / task.height}cqh)` }}>
          <img src={src} alt={alt} draggable={false} className="absolute inset-0 size-full select-none" />
          <svg aria-hidden="true" viewBox={`0 0 ${task.width} ${task.height}`} preserveAspectRatio="none" fill="none" className="absolute inset-0 size-full" onClick={() => onSelect(null)}>
            {layers.hasInitial && !isVerify && initial.map((box, place) => <Line key={`i${place}`} box={box} colour="#ffffff" width={1.5} dash="2 4" />)}
            {layers.hasGold && gold?.map((box, place) => <Line key={`g${place}`} box={box} colour="#ffd700" width={2.5} dash="1 3" />)}
            {answers.map(({ boxes }, answer) =>
              layers.hidden.has(answer)
                ? null
                : boxes?.map((box, place) => {
                    const key = `${answer}/${place}`;
                    const isMember = members.has(key);
                    if (isLeft.has(key)) return null;
                    return <Line key={key} box={box} colour={colourOfAnswer(answer)} width={isMember ? 3 : 1.5} opacity={members.size > 0 && !isMember ? 0.3 : 1} />;
                  }),
            )}
            {left.map(({ answer, box }, place) => (layers.hidden.has(answer) ? null : <Line key={`l${place}`} box={box} colour={colourOfAnswer(answer)} width={active === `l${place}` ? 3.5 : 2} dash="7 5" opacity={members.size > 0 ? 0.35 : 1} />))}
            {layers.hasMerged && result?.boxes.map((box, place) => <Line key={`m${place}`} box={box} colour={look(box.label).colour} width={corrected === null ? (active === `m${place}` ? 2 : 4) : 1.5} opacity={active?.startsWith("m") === true && active !== `m${place}` ? 0.45 : 1} isLit={active === `m${place}`} />)}
            {main?.map((box, place) => <Line key={`c${place}`} box={box} colour={look(box.label).colour} width={4} />)}
            {[...(result?.boxes ?? []).map((box, place) => ({ box: box as Rect, key: `m${place}` })), ...left.map(({ box }, place) => ({ box: box as Rect, key: `l${place}` }))]
              .sort((a, b) => b.box.width * b.box.height - a.box.width * a.box.height)
              .map(({ box, key }) => (
                <rect
                  key={key}
                  x={box.left}
                  y={box.top}
                  width={box.width}
                  height={box.height}
                  pointerEvents="all"
                  onPointerEnter={() => onActive(key)}
                  onPointerLeave={() => onActive(null)}
                  onClick={(event) => {
                    event.stopPropagation();
                    onSelect(key);
                  }}
                />
              ))}
          </svg>
          <div aria-hidden="true" className="pointer-events-none absolute inset-0">
            {(main ?? (layers.hasMerged ? (result?.boxes ?? []) : [])).map((box, place) => {
              const { colour, ink } = look(box.label);
              // From its left edge, or back from its right one where the image ends.
              const isFar = box.left > 0.75 * task.width;
              const across = isFar ? { right: `${100 - (100 * (box.left + box.width)) / task.width}%` } : { left: `${(100 * box.left) / task.width}%` };
              const lies = { ...across, top: `max(16px / var(--zoom, 1), ${(100 * box.top) / task.height}%)`, transformOrigin: isFar ? "top right" : "top left" };
              return (
                <span key={place} className="absolute h-[16px] rounded-[3px] px-[4px] text-[11px] leading-[16px] font-medium whitespace-nowrap" style={{ ...lies, background: colour, color: ink, transform: "scale(calc(1 / var(--zoom, 1))) translateY(-100%)" }}>
                  {box.label}
                  {main === null && box.confidence != null && ` ${box.confidence.toFixed(2)}`}
                </span>
              );
            })}
          </div>
        </div>
      </div>
    </ZoomView>
  );
});

interface LineProps {
  box: Rect;
  colour: string;
  width: number;
  dash?: string;
  opacity?: number;
  /** Filled a little. */
  isLit?: boolean;
}

function Line({ box, colour, width, dash, opacity = 1, isLit = false }: LineProps) {
  const at = { x: box.left, y: box.top, width: box.width, height: box.height };
  return (
    <g opacity={opacity}>
      <rect {...at} stroke="#000" strokeOpacity={0.55} vectorEffect="non-scaling-stroke" style={thick(width + 1.75)} />
      <rect {...at} stroke={colour} strokeDasharray={dash} vectorEffect="non-scaling-stroke" style={thick(width)} fill={isLit ? colour : "none"} fillOpacity={0.14} />
    </g>
  );
}
