// A line for a terminal, with a button that copies it.

import { IconButton, toasts } from "../../components/ui";

/** Where there is no clipboard, as without https, the line is selected by a click. */
export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toasts.show({ tone: "good", title: "Copied" });
  } catch {
    toasts.show({ tone: "bad", title: "Nothing was copied", text: "This browser lets nobody write to the clipboard here. Select the line and copy it." });
  }
}

export function CopyLine({ label, text }: { label: string; text: string }) {
  return (
    <span className="flex min-w-0 items-center gap-[6px] rounded-[6px] border border-line bg-sunken py-[3px] pr-[4px] pl-[10px]">
      <code className="min-w-0 flex-1 py-[2px] font-mono text-[12px] leading-[1.5] text-ink select-all wrap-anywhere">{text}</code>
      <IconButton size="small" icon="copy" label={`Copy the command ${label}`} onPress={() => void copy(text)} />
    </span>
  );
}
