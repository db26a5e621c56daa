import { effect, signal } from "@preact/signals";

const KEY = "smcq.theme";
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

function stored(): Theme {
  const found = localStorage.getItem(KEY);
  return THEMES.find((one) => one === found) ?? "system";
}

export const theme = signal<Theme>(stored());
const systemDark = matchMedia("(prefers-color-scheme: dark)");
/** What is shown now: charts are painted by it. */
export const isDark = signal(false);

export function startTheme(): void {
  const apply = (): void => {
    isDark.value = theme.value === "dark" || (theme.value === "system" && systemDark.matches);
    document.documentElement.dataset["theme"] = isDark.value ? "dark" : "light";
  };
  effect(() => {
    localStorage.setItem(KEY, theme.value);
    apply();
  });
  systemDark.addEventListener("change", apply);
}
