// The boxes of a frame as a list, which the keyboard reaches too.

import { classColour } from "../../components/classes";
import type { ShownBox } from "../../components/model";
import { cx, Slider } from "../../components/ui";

interface BoxesTabProps {
  boxes: readonly ShownBox[];
  confidence: number;
  selected: string | null;
  onSelect: (key: string | null) => void;
  onHover: (key: string | null) => void;
  onConfidence: (confidence: number) => void;
}

const percent = (share: number) => `${Math.round(share * 100)} %`;

export function BoxesTab({ boxes, confidence, selected, onSelect, onHover, onConfidence }: BoxesTabProps) {
  const sorted = [...boxes].sort((a, b) => (b.confidence ?? 2) - (a.confidence ?? 2));
  return (
    <div className="px-[14px] py-[10px]">
      <Slider label="Hide boxes below" min={0} max={1} step={0.01} format={percent} value={confidence} onChange={onConfidence} />
      {sorted.length === 0 && <p className="pt-[12px] text-[12.5px] text-soft">Nothing was found on this frame.</p>}
      <ul className="pt-[8px]">
        {sorted.map((box) => (
          <li key={box.key}>
            <button
              type="button"
              aria-pressed={box.key === selected}
              onClick={() => onSelect(box.key === selected ? null : box.key)}
              onMouseEnter={() => onHover(box.key)}
              onMouseLeave={() => onHover(null)}
              onFocus={() => onHover(box.key)}
              onBlur={() => onHover(null)}
              className={cx(
                "flex h-[28px] w-full items-center gap-[8px] rounded-[5px] px-[6px] text-left text-[12.5px] hover:bg-ink/5",
                box.key === selected && "bg-accent-wash",
                box.confidence !== null && box.confidence < confidence && "opacity-45",
              )}
            >
              <span className="size-[9px] shrink-0 rounded-[2px]" style={{ background: classColour(box.label) }} />
              <span className="min-w-0 flex-1 truncate">{box.label}</span>
              {box.kind !== "object" && <span className="text-[11px] text-faint">{box.kind}</span>}
              <span className="w-[48px] text-right text-soft tabular-nums">{box.confidence === null ? "drawn" : percent(box.confidence)}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
