export interface SpinnerProps {
  size?: number;
  /** Said to screen readers; without it the spinner is only a drawing beside words. */
  label?: string;
}

export function Spinner({ size = 16, label }: SpinnerProps) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={2}
      strokeLinecap="round"
      className="shrink-0 animate-spin"
      {...(label === undefined ? { "aria-hidden": true } : { role: "img", "aria-label": label })}
    >
      <circle cx="8" cy="8" r="6" opacity=".22" />
      <path d="M14 8a6 6 0 0 0-6-6" />
    </svg>
  );
}
