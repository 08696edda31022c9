// The name of an image in one line: where it does not fit its middle is left out, for what
// tells images apart is at the end.

/** Letters of the end that are always there. */
const END = 16;

export function ImageName({ name, className = "" }: { name: string; className?: string }) {
  const cut = Math.max(0, name.length - END);
  return (
    <span title={name} className={`flex min-w-0 ${className}`}>
      <span className="truncate">{name.slice(0, cut)}</span>
      <span className="shrink-0 whitespace-pre">{name.slice(cut)}</span>
    </span>
  );
}
