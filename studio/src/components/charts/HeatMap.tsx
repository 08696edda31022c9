export interface HeatMapProps {
  label: string;
  columns: number;
  rows: number;
  /** Row by row, from the top left. */
  values: readonly number[];
  /** Width by height of what it is a map of. */
  aspect?: number;
  height?: number;
}

/** How often something is where, as the strength of one colour. The root of a share is its
 * strength: what is rare is seen beside what is frequent. */
export function HeatMap({ label, columns, rows, values, aspect = 1.6, height = 190 }: HeatMapProps) {
  const most = values.reduce((most, value) => Math.max(most, value), 0);
  const all = values.reduce((sum, value) => sum + value, 0);
  const peak = values.indexOf(most);
  const where = most === 0 ? "nothing" : `most of them ${placeInWords((peak % columns) / columns, Math.floor(peak / columns) / rows)}`;
  return (
    <figure className="flex gap-[12px]" style={{ height }}>
      <svg role="img" aria-label={`${label}: ${all.toLocaleString("en")} in all, ${where}`} viewBox={`0 0 ${columns} ${rows}`} preserveAspectRatio="none" shapeRendering="crispEdges" className="h-full min-w-0 rounded-[4px] border border-line bg-sunken text-accent" style={{ aspectRatio: aspect }}>
        {values.map((value, place) =>
          value > 0 && place < columns * rows ? (
            <rect key={place} x={place % columns} y={Math.floor(place / columns)} width={1} height={1} fill="currentColor" fillOpacity={Number(Math.max(0.06, Math.sqrt(value / most)).toFixed(3))} />
          ) : null,
        )}
      </svg>
      <figcaption className="flex shrink-0 flex-col text-[11px] text-soft tabular-nums">
        <span>
          <span className="sr-only">most in a cell: </span>
          {most.toLocaleString("en")}
        </span>
        <span aria-hidden="true" className="my-[3px] w-[14px] flex-1 rounded-[3px] border border-line bg-linear-to-t from-transparent to-accent" />
        <span aria-hidden="true">0</span>
      </figcaption>
    </figure>
  );
}

function placeInWords(x: number, y: number): string {
  const across = x < 1 / 3 ? "left" : x < 2 / 3 ? "middle" : "right";
  const down = y < 1 / 3 ? "top" : y < 2 / 3 ? "middle" : "bottom";
  return across === "middle" && down === "middle" ? "in the middle" : `${down} ${across}`;
}
