// Light, dark, or as the system has it. The choice is kept in the browser.

export type ThemeChoice = "system" | "light" | "dark";

const KEY = "theme";
const CHOICES: readonly string[] = ["system", "light", "dark"];

export function readChoice(stored: string | null): ThemeChoice {
  return stored !== null && CHOICES.includes(stored) ? (stored as ThemeChoice) : "system";
}

export function themeFor(choice: ThemeChoice, systemIsDark: boolean): "light" | "dark" {
  return choice === "system" ? (systemIsDark ? "dark" : "light") : choice;
}

/** A browser that keeps nothing, in a private window for example, still has a theme. */
function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

let isFollowing = false;

/**
 * Colours the page. Call it first thing in `main.tsx`: until then nothing is drawn but paper,
 * so no wrong colour flashes, and no inline script is needed, which the page's policy forbids.
 */
export function applyTheme(): ThemeChoice {
  const choice = readChoice(stored());
  const system = matchMedia("(prefers-color-scheme: dark)");
  document.documentElement.dataset.theme = themeFor(choice, system.matches);
  if (!isFollowing) {
    isFollowing = true;
    system.addEventListener("change", () => void applyTheme());
    // Another tab chose.
    addEventListener("storage", (event) => {
      if (event.key === KEY) applyTheme();
    });
  }
  return choice;
}

export function chooseTheme(choice: ThemeChoice): void {
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    document.documentElement.dataset.theme = themeFor(choice, matchMedia("(prefers-color-scheme: dark)").matches);
    return;
  }
  applyTheme();
}
