// A secret that is shown this once.

import { Button, IconButton, toasts } from "../../components/ui";

export function Once({ title, text, onClose }: { title: string; text: string; onClose: () => void }) {
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    toasts.show({ tone: "good", title: "Copied" });
  };
  return (
    <section aria-label={title} className="rounded-[10px] border border-accent bg-accent-wash p-[14px]">
      <p className="pb-[8px] text-[13px] font-medium">{title}. It is shown this once.</p>
      <div className="flex items-center gap-[8px]">
        <code className="min-w-0 flex-1 rounded-[6px] border border-line bg-card px-[10px] py-[6px] font-mono text-[12px] wrap-anywhere select-all">{text}</code>
        <Button icon="copy" onPress={() => void copy()}>
          Copy
        </Button>
        <IconButton icon="close" label="Done with it" onPress={onClose} />
      </div>
    </section>
  );
}
