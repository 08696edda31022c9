import { useState } from "react";
import { Segmented } from "../ui";
import { applyTheme, chooseTheme, type ThemeChoice } from "./theme";

const OPTIONS = [
  { value: "system", label: "As the system", icon: "monitor", iconOnly: true },
  { value: "light", label: "Light", icon: "sun", iconOnly: true },
  { value: "dark", label: "Dark", icon: "moon", iconOnly: true },
] as const;

export function ThemeToggle() {
  const [choice, setChoice] = useState<ThemeChoice>(applyTheme);
  return (
    <Segmented
      label="Theme"
      options={OPTIONS}
      value={choice}
      onChange={(next: ThemeChoice) => {
        chooseTheme(next);
        setChoice(next);
      }}
    />
  );
}
