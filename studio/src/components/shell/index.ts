export { AppShell, type AppShellProps, type NavItem } from "./AppShell";
export { Kbd } from "./Kbd";
export { takesLetters } from "./shortcut";
export { SplitPane, type SplitPaneProps } from "./SplitPane";
export { applyTheme, chooseTheme, type ThemeChoice } from "./theme";
export { ThemeToggle } from "./ThemeToggle";
export { useShortcut } from "./useShortcut";
