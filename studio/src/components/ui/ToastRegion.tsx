import { useSyncExternalStore } from "react";
import { Button, IconButton } from "./Button";
import { cx } from "./cx";
import { Icon, type IconName } from "./icons";
import { floating } from "./Popover";
import { toasts as studioToasts, type Toasts, type ToastTone } from "./toasts";

const ICONS: Record<ToastTone, IconName> = { neutral: "info", good: "check", warn: "alert", bad: "alert" };
const COLOURS: Record<ToastTone, string> = { neutral: "text-soft", good: "text-good", warn: "text-warn", bad: "text-bad" };

/** Shows the queue's messages at the lower right. Put one on the page, near its end. */
export function ToastRegion({ toasts = studioToasts }: { toasts?: Toasts }) {
  const shown = useSyncExternalStore(toasts.subscribe, toasts.current);
  // A button that goes with its message loses the focus without saying so.
  const close = (id: number) => {
    toasts.close(id);
    toasts.release();
  };
  return (
    <div
      role="region"
      aria-label="Messages"
      // A dialog makes everything below it deaf; messages lie above.
      data-react-aria-top-layer="true"
      onMouseEnter={() => toasts.hold()}
      onMouseLeave={() => toasts.release()}
      onFocus={() => toasts.hold()}
      onBlur={() => toasts.release()}
      className="pointer-events-none fixed right-[16px] bottom-[16px] z-60 w-[340px] max-w-[calc(100vw-32px)]"
    >
      {/* It is there before the first message: screen readers speak only what is added. */}
      <ol aria-live="polite" aria-relevant="additions" className="flex flex-col gap-[8px]">
        {shown.map((toast) => (
          <li key={toast.id} className={cx(floating, "pointer-events-auto flex gap-[9px] py-[10px] pr-[8px] pl-[12px]")}>
            <span className={cx("pt-[2px]", COLOURS[toast.tone])}>
              <Icon name={ICONS[toast.tone]} />
            </span>
            <div className="min-w-0 flex-1 text-[13px]">
              <p className="font-medium">{toast.title}</p>
              {toast.text !== undefined && <p className="mt-[1px] text-[12.5px] wrap-anywhere text-soft">{toast.text}</p>}
              {toast.action !== undefined && (
                <Button
                  size="small"
                  className="mt-[7px]"
                  onPress={() => {
                    toast.action?.run();
                    close(toast.id);
                  }}
                >
                  {toast.action.label}
                </Button>
              )}
            </div>
            <IconButton icon="close" label="Close this message" size="small" onPress={() => close(toast.id)} />
          </li>
        ))}
      </ol>
    </div>
  );
}
