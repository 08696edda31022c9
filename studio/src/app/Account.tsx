// Who is here, and what they set for themselves: at the foot of the rail, whose last place it
// is on narrow screens.

import { useState } from "react";
import { Button as AriaButton } from "react-aria-components";
import { applyTheme, chooseTheme, type ThemeChoice } from "../components/shell";
import { cx, Icon, Menu, type MenuEntry } from "../components/ui";
import { openKeys } from "./keys";

const THEMES: readonly (MenuEntry & { key: ThemeChoice })[] = [
  { key: "system", label: "Colours of the system", icon: "monitor" },
  { key: "light", label: "Light", icon: "sun" },
  { key: "dark", label: "Dark", icon: "moon" },
];

interface AccountProps {
  name: string;
  isCollapsed: boolean;
  /** null for who sits at this machine. */
  onLogOut: (() => void) | null;
}

export function Account({ name, isCollapsed, onLogOut }: AccountProps) {
  const [theme, setTheme] = useState<ThemeChoice>(applyTheme);
  const act = (key: string) => {
    if (key === "keys") return openKeys();
    if (key === "out") return onLogOut?.();
    const chosen = THEMES.find((theme) => theme.key === key)?.key ?? "system";
    chooseTheme(chosen);
    setTheme(chosen);
  };
  return (
    <Menu
      label="You and your settings"
      placement="top start"
      sections={[THEMES.map((entry) => ({ ...entry, ...(entry.key === theme && { shortcut: "✓" }) })), [{ key: "keys", label: "Keys", icon: "keyboard", shortcut: "?" }], ...(onLogOut === null ? [] : [[{ key: "out", label: "Log out", icon: "external" as const }]])]}
      onAction={act}
      trigger={
        <AriaButton
          aria-label={`${name}: colours and keys`}
          className={cx(
            "flex h-[32px] shrink-0 items-center gap-[10px] rounded-[6px] px-[8px] text-[13px] whitespace-nowrap text-soft outline-none data-focus-visible:outline-2 data-focus-visible:outline-accent data-hovered:bg-ink/5 data-hovered:text-ink",
            "max-[720px]:h-[46px] max-[720px]:min-w-[60px] max-[720px]:flex-auto max-[720px]:shrink-0 max-[720px]:flex-col max-[720px]:justify-center max-[720px]:gap-[3px] max-[720px]:px-[4px] max-[720px]:text-[11px] max-[720px]:font-medium max-[460px]:min-w-[40px]",
          )}
        >
          <Icon name="user" />
          <span className={cx("min-w-0 truncate", isCollapsed && "min-[721px]:sr-only", "max-[460px]:sr-only")}>{name}</span>
        </AriaButton>
      }
    />
  );
}
