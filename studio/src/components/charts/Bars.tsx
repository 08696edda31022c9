import { useState, type PointerEvent } from "react";
import { numberTicks, shareOf, shortNumber, thinned } from "./axis";
import { useSize } from "./useSize";

export interface BarSeries {
  name: string;
  colour: string;
  /** One for each label; what is missing is 0. */
  values: readonly number[];
}

export interface BarsProps {
  /** What the bars count, for screen readers and for the words below a pointer. */
  label: string;
  /** One below each bar, or one more than there are bars below the edges between them; left
   * out where they would touch. */
  labels: readonly string[];
  /** What each bar is in full: "8 to 16 px". The labels where they say enough. */
  titles?: readonly string[];
  series: readonly BarSeries[];
  /** Bars stand beside each other then: a part of a bar on such an axis says nothing. */
  isLog?: boolean;
  height?: number;
}

const AXIS = 40;
const FOOT = 18;
const END = 14;
const HEAD = 8;

/** How many are of which kind: upright bars, one series upon the other. */
export function Bars({ label, labels, titles = labels, series, isLog = false, height = 190 }: BarsProps) {
  const { ref, width } = useSize<HTMLDivElement>();
  const [pointed, setPointed] = useState<number | null>(null);
  const bars = titles.length;
  const isOfEdges = labels.length > bars;
  const valueAt = (one: BarSeries, place: number) => Math.max(0, one.values[place] ?? 0);
  const sums = titles.map((_, place) => series.reduce((sum, one) => sum + valueAt(one, place), 0));
  const most = isLog ? Math.max(0, ...series.flatMap((one) => titles.map((_, place) => valueAt(one, place)))) : Math.max(0, ...sums);
  // The last edge's label has room to stand out.
  const plotWidth = Math.max(0, width - AXIS - (isOfEdges ? END : 0));
  const plot = height - FOOT - HEAD;
  const y = (value: number) => HEAD + plot - shareOf(value, most, isLog) * plot;
  const each = plotWidth / Math.max(1, bars);
  const air = Math.min(5, each / 8);

  const paths = series.map((one, number) => {
    let path = "";
    titles.forEach((_, place) => {
      const value = valueAt(one, place);
      if (value === 0) return;
      const below = isLog ? 0 : series.slice(0, number).reduce((sum, other) => sum + valueAt(other, place), 0);
      const wide = isLog ? (each - 2 * air) / series.length : each - 2 * air;
      const x = AXIS + place * each + air + (isLog ? number * wide : 0);
      const foot = y(below);
      // Something is never drawn as nothing.
      const top = Math.min(y(below + value), foot - 1);
      path += `M${x.toFixed(1)} ${foot.toFixed(1)}V${top.toFixed(1)}h${Math.max(0.8, wide).toFixed(1)}V${foot.toFixed(1)}Z`;
    });
    return { name: one.name, colour: one.colour, path };
  });
  const onPointerMove = (event: PointerEvent) => {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left - AXIS;
    const place = Math.floor(x / each);
    setPointed(place >= 0 && place < bars ? place : null);
  };
  const whole = sums.reduce((sum, value) => sum + value, 0);
  const highest = sums.indexOf(Math.max(...sums));
  return (
    <div ref={ref} className="relative min-w-0" style={{ height }} onPointerMove={onPointerMove} onPointerLeave={() => setPointed(null)}>
      {width > 0 && (
        <svg role="img" aria-label={`${label}: ${shortNumber(whole)} in all, most at ${titles[highest] ?? "none"}`} width={width} height={height} className="absolute inset-0">
          {numberTicks(most, isLog).map((tick) => (
            <g key={tick}>
              <path d={`M${AXIS} ${Math.round(y(tick)) + 0.5}H${AXIS + plotWidth}`} className="stroke-line" />
              <text x={AXIS - 6} y={y(tick) + 4} textAnchor="end" className="fill-soft text-[11px] tabular-nums">
                {shortNumber(tick)}
              </text>
            </g>
          ))}
          {pointed !== null && <rect x={AXIS + pointed * each} y={HEAD} width={each} height={plot} className="fill-ink/6" />}
          {paths.map(({ name, colour, path }) => (
            <path key={name} d={path} style={{ fill: colour }} />
          ))}
          <path d={`M${AXIS} ${HEAD + plot + 0.5}H${AXIS + plotWidth}`} className="stroke-line-strong" />
          {thinned(labels, plotWidth).map((place) => (
            <text key={place} x={AXIS + (place + (isOfEdges ? 0 : 0.5)) * each} y={height - 4} textAnchor="middle" className="fill-soft text-[11px] tabular-nums">
              {labels[place]}
            </text>
          ))}
        </svg>
      )}
      {pointed !== null && (
        <div aria-hidden="true" className="pointer-events-none absolute top-0 z-10 rounded-[6px] bg-ink px-[8px] py-[4px] text-[12px] whitespace-nowrap text-paper shadow-lg" style={pointed < bars / 2 ? { left: AXIS + (pointed + 1) * each + 4 } : { right: width - AXIS - pointed * each + 4 }}>
          <p className="font-medium">{titles[pointed]}</p>
          {series.map((one) => (
            <p key={one.name} className="flex justify-between gap-[12px] tabular-nums">
              {series.length > 1 && <span className="opacity-75">{one.name}</span>}
              <span>{valueAt(one, pointed).toLocaleString("en")}</span>
            </p>
          ))}
        </div>
      )}
    </div>
  );
}

/** Which colour is which. */
export function Legend({ series }: { series: readonly Pick<BarSeries, "name" | "colour">[] }) {
  return (
    <ul className="flex flex-wrap gap-x-[14px] gap-y-[2px] text-[12px] text-soft">
      {series.map(({ name, colour }) => (
        <li key={name} className="flex items-center gap-[6px]">
          <span className="size-[9px] rounded-[2px]" style={{ background: colour }} />
          {name}
        </li>
      ))}
    </ul>
  );
}

export interface BarRowsProps {
  label: string;
  labels: readonly string[];
  series: readonly BarSeries[];
  /** A dot before each name. */
  colourOf?: (label: string) => string;
}

/** Named things with lying bars, the parts of each one behind the other. */
export function BarRows({ label, labels, series, colourOf }: BarRowsProps) {
  const sums = labels.map((_, place) => series.reduce((sum, one) => sum + Math.max(0, one.values[place] ?? 0), 0));
  const most = Math.max(1, ...sums);
  return (
    <ul aria-label={label} className="flex flex-col gap-[3px] text-[12.5px]">
      {labels.map((name, place) => (
        <li key={name} className="grid grid-cols-[minmax(80px,30%)_1fr_56px] items-center gap-[10px]">
          <span className="flex min-w-0 items-center gap-[6px]" title={name}>
            {colourOf !== undefined && <span className="size-[9px] shrink-0 rounded-[2px] ring-1 ring-ink/20" style={{ background: colourOf(name) }} />}
            <span className="truncate">{name}</span>
          </span>
          <span aria-hidden="true" className="flex h-[12px]">
            {series.map((one) => {
              const value = Math.max(0, one.values[place] ?? 0);
              return value === 0 ? null : <span key={one.name} title={`${one.name}: ${value.toLocaleString("en")}`} className="h-full min-w-px first:rounded-l-[2px] last:rounded-r-[2px]" style={{ width: `${(value / most) * 100}%`, background: one.colour }} />;
            })}
          </span>
          <span className="text-right text-soft tabular-nums">
            {(sums[place] ?? 0).toLocaleString("en")}
            <span className="sr-only">{series.length > 1 && ` (${series.map((one) => `${one.name} ${one.values[place] ?? 0}`).join(", ")})`}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}
