/** Keys as they are written on a keyboard: `<Kbd keys="Mod+Enter" />`. */
export function Kbd({ keys }: { keys: string }) {
  const isMac = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");
  const names: Record<string, string> = {
    Mod: isMac ? "⌘" : "Ctrl", Alt: isMac ? "⌥" : "Alt", Shift: "⇧", Enter: "↵", Escape: "Esc",
    ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→",
  };
  return (
    <span className="inline-flex gap-[2px]">
      {(keys === "+" ? [keys] : keys.split("+")).map((key) => (
        <kbd
          key={key}
          className="inline-flex h-[18px] min-w-[18px] items-center justify-center rounded-[4px] border border-line-strong/70 bg-card px-[4px] font-sans text-[11px] font-medium text-soft"
        >
          {names[key] ?? (key.length === 1 ? key.toUpperCase() : key)}
        </kbd>
      ))}
    </span>
  );
}
