export interface SparklineProps {
  values: readonly number[];
  /** What the line shows, with its newest value: all that a screen reader hears. */
  label: string;
  width?: number;
  height?: number;
  tone?: "accent" | "good" | "warn" | "bad";
}

const TONES = { accent: "text-accent", good: "text-good", warn: "text-warn", bad: "text-bad" };

/** The course of a value beside its name, without axes. */
export function Sparkline({ values, label, width = 96, height = 24, tone = "accent" }: SparklineProps) {
  const points = sparkPoints(values, width, height);
  const last = points[points.length - 1];
  const line = points.map(([x, y], at) => `${at === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  return (
    <svg role="img" aria-label={label} width={width} height={height} viewBox={`0 0 ${width} ${height}`} className={`shrink-0 ${TONES[tone]}`}>
      {last !== undefined && (
        <>
          <path d={`${line}V${height}H${points[0]?.[0] ?? 0}Z`} fill="currentColor" opacity={0.12} />
          <path d={line} fill="none" stroke="currentColor" strokeWidth={1.5} strokeLinejoin="round" strokeLinecap="round" />
          <circle cx={last[0]} cy={last[1]} r={2} fill="currentColor" />
        </>
      )}
    </svg>
  );
}

/** Two pixels are kept free around the line, for its width and its dot. */
export function sparkPoints(values: readonly number[], width: number, height: number): [x: number, y: number][] {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  return finite.map((value, at) => [
    2 + (finite.length === 1 ? 1 : at / (finite.length - 1)) * (width - 4),
    high === low ? height / 2 : height - 2 - ((value - low) / (high - low)) * (height - 4),
  ]);
}
