// The editor's own icons: 16 by 16, one stroke.

import type { ReactNode, SVGProps } from "react";

function icon(paths: ReactNode) {
  return function Icon(props: SVGProps<SVGSVGElement>) {
    return (
      <svg
        viewBox="0 0 16 16"
        width={16}
        height={16}
        fill="none"
        stroke="currentColor"
        strokeWidth={1.4}
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        {...props}
      >
        {paths}
      </svg>
    );
  };
}

export const DrawIcon = icon(
  <>
    <path d="M13.5 7.5v-5h-11v11h5" />
    <path d="M11.5 9.5v5M9 12h5" />
  </>,
);
export const DeleteIcon = icon(<path d="M2.5 4h11M6 4V2.5h4V4M4 4l.6 9.5h6.8L12 4M6.7 6.8v4M9.3 6.8v4" />);
export const DuplicateIcon = icon(
  <>
    <rect x="5.5" y="5.5" width="8" height="8" rx="1" />
    <path d="M10.5 5.5v-3h-8v8h3" />
  </>,
);
export const UndoIcon = icon(<path d="M5.5 3 2.5 6l3 3M2.8 6h6.4a3.6 3.6 0 0 1 0 7.2H6" />);
export const RedoIcon = icon(<path d="m10.5 3 3 3-3 3M13.2 6H6.8a3.6 3.6 0 0 0 0 7.2H10" />);
export const ZoomInIcon = icon(<path d="M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.3 10.3l3.2 3.2M7 5v4M5 7h4" />);
export const ZoomOutIcon = icon(<path d="M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.3 10.3l3.2 3.2M5 7h4" />);
export const FitIcon = icon(<path d="M2.5 5.5v-3h3M10.5 2.5h3v3M13.5 10.5v3h-3M5.5 13.5h-3v-3M5.5 6.5h5v3h-5z" />);
export const ZoomBoxIcon = icon(
  <>
    <path d="M2.5 5v-2.5H5M11 2.5h2.5V5M5 13.5H2.5V11" />
    <path d="M9.5 12a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6ZM11.6 11.3l2 2.2" />
  </>,
);
export const CrosshairIcon = icon(<path d="M8 1.5v5M8 9.5v5M1.5 8h5M9.5 8h5" />);
export const CopyPreviousIcon = icon(
  <>
    <rect x="8.5" y="4.5" width="5" height="7" rx="1" />
    <path d="M5.5 2.5h-3v11h3M3.5 8h3.2M5.3 6.2 7 8 5.3 9.8" />
  </>,
);
export const HelpIcon = icon(
  <>
    <rect x="1.5" y="4" width="13" height="8.5" rx="1.5" />
    <path d="M4 6.7h.01M6.7 6.7h.01M9.3 6.7h.01M12 6.7h.01M4 9.8h.01M6.3 9.8h3.4M12 9.8h.01" />
  </>,
);
export const EyeIcon = icon(
  <>
    <path d="M1.5 8S4 3.7 8 3.7 14.5 8 14.5 8 12 12.3 8 12.3 1.5 8 1.5 8Z" />
    <circle cx="8" cy="8" r="1.9" />
  </>,
);
export const EyeOffIcon = icon(<path d="M2 2.5l12 11M6.3 4a6.6 6.6 0 0 1 1.7-.3C12 3.7 14.5 8 14.5 8a12 12 0 0 1-1.9 2.3M4 5.3A11.5 11.5 0 0 0 1.5 8S4 12.3 8 12.3a6.3 6.3 0 0 0 2.9-.7" />);
export const LockIcon = icon(
  <>
    <rect x="3.5" y="7" width="9" height="6.5" rx="1" />
    <path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2" />
  </>,
);
export const UnlockIcon = icon(
  <>
    <rect x="3.5" y="7" width="9" height="6.5" rx="1" />
    <path d="M5.5 7V5a2.5 2.5 0 0 1 4.8-1" />
  </>,
);
export const CheckIcon = icon(<path d="m3 8.5 3.3 3.3L13 4.7" />);
export const CloseIcon = icon(<path d="m4 4 8 8M12 4l-8 8" />);
export const WarnIcon = icon(<path d="M8 2.3 14.3 13.5H1.7L8 2.3ZM8 6.5v3.2M8 11.7h.01" />);
export const PreviousIcon = icon(<path d="M10 3.5 5.5 8l4.5 4.5" />);
export const NextIcon = icon(<path d="M6 3.5 10.5 8 6 12.5" />);
