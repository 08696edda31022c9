// The studio's own small drawings: 16 px, drawn in lines of the text's colour. Each is the
// `d` of its paths, so that a new one is one line.

const DRAWINGS = {
  alert: "M8 2.2 14.3 13.2H1.7L8 2.2ZM8 6.5v3M8 11.3v.1",
  arrowDown: "M8 3v10M4 9l4 4 4-4",
  arrowUp: "M8 13V3M4 7l4-4 4 4",
  box: "M2.5 4.5v-2h2M11.5 2.5h2v2M13.5 11.5v2h-2M4.5 13.5h-2v-2M5.5 5.5h5v5h-5z",
  calendar: "M2.5 3.5h11v10h-11zM2.5 6.5h11M5.5 2v3M10.5 2v3",
  camera: "M2 5h3l1-1.8h4L11 5h3v8H2zM8 11.2a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6Z",
  chart: "M2.5 2.5v11h11M5.5 10.5V8M8.5 10.5v-6M11.5 10.5v-4",
  check: "M3.5 8.5l3 3 6-7",
  chevronDown: "M4 6l4 4 4-4",
  chevronLeft: "M10 4 6 8l4 4",
  chevronRight: "M6 4l4 4-4 4",
  chevronUp: "M4 10l4-4 4 4",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.8V8l2.2 1.6",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1",
  download: "M8 2.5v8M4.5 7.5 8 11l3.5-3.5M2.5 13.5h11",
  edit: "M10.5 3.2l2.3 2.3-7.3 7.3-3 .7.7-3 7.3-7.3Z",
  external: "M6.5 3.5h-3v9h9v-3M9.5 2.5h4v4M13.5 2.5l-6 6",
  eye: "M1.8 8S4 3.8 8 3.8 14.2 8 14.2 8 12 12.2 8 12.2 1.8 8 1.8 8ZM8 9.8a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6Z",
  eyeOff: "M3 3l10 10M6.4 4a6 6 0 0 1 1.6-.2c4 0 6.2 4.2 6.2 4.2a11 11 0 0 1-1.8 2.3M4.2 5A10.6 10.6 0 0 0 1.8 8S4 12.2 8 12.2c1 0 1.9-.3 2.7-.7",
  filter: "M2.5 3.5h11M4.5 8h7M6.5 12.5h3",
  fit: "M2.5 6v-3.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  folder: "M2 4h4l1.5 1.5H14v7.5H2z",
  grid: "M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z",
  info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.5v3.3M8 5v.1",
  keyboard: "M1.5 4h13v8.5h-13zM4 6.7v.1M6.7 6.7v.1M9.3 6.7v.1M12 6.7v.1M5 9.8h6",
  layers: "M8 2.5 14 5.5 8 8.5 2 5.5 8 2.5ZM2.5 8.3 8 11l5.5-2.7M2.5 11 8 13.7l5.5-2.7",
  link: "M6.7 9.3 9.3 6.7M7.3 4.8 9 3.1a2.7 2.7 0 0 1 3.9 3.9l-1.7 1.7M8.7 11.2 7 12.9A2.7 2.7 0 0 1 3.1 9l1.7-1.7",
  map: "M2 4l4-1.5 4 1.5 4-1.5V12l-4 1.5L6 12l-4 1.5zM6 2.5V12M10 4v9.5",
  menu: "M2.5 4h11M2.5 8h11M2.5 12h11",
  minus: "M3.5 8h9",
  monitor: "M2 3h12v8H2zM8 11v2.5M5 13.5h6",
  moon: "M13 9.5A5.5 5.5 0 1 1 6.5 3a4.5 4.5 0 0 0 6.5 6.5Z",
  more: "M3.5 8v.1M8 8v.1M12.5 8v.1",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3.2 12.5 8 5 12.8z",
  plus: "M8 3.5v9M3.5 8h9",
  refresh: "M13 8a5 5 0 1 1-1.6-3.7L13 5.8M13 2.5v3.3H9.7",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.3 10.3l3.2 3.2",
  settings: "M2.5 4.5H7M11 4.5h2.5M9 6.3a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6ZM2.5 11.5H5M9 11.5h4.5M7 13.3a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6Z",
  shield: "M8 2l5 1.8V8c0 3-2.2 5-5 6-2.8-1-5-3-5-6V3.8L8 2ZM5.8 8l1.6 1.6L10.4 6.5",
  sidebar: "M2 3h12v10H2zM6 3v10",
  sun: "M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6ZM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9",
  tag: "M2.5 2.5h5l6 6-5 5-6-6zM5.3 5.2v.1",
  trash: "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.6 9h6.8l.6-9M6.8 7v4M9.2 7v4",
  upload: "M8 11V3M4.5 6.5 8 3l3.5 3.5M2.5 13.5h11",
  user: "M8 8a2.8 2.8 0 1 0 0-5.6A2.8 2.8 0 0 0 8 8ZM2.8 13.8c.5-2.8 2.5-4 5.2-4s4.7 1.2 5.2 4",
} as const;

export type IconName = keyof typeof DRAWINGS;

export const ICON_NAMES = Object.keys(DRAWINGS) as IconName[];

/** A drawing beside words. It is hidden from screen readers: the words say it all. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === "more" ? 2 : 1.4}
      strokeLinecap="round"
      strokeLinejoin="round"
      className="shrink-0"
    >
      <path d={DRAWINGS[name]} />
    </svg>
  );
}
