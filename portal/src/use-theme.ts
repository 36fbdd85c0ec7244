/** Light or dark: the system's choice, or the person's, which is kept. The colours are those of the files' picture. */
import { useEffect, useState } from "react";
import { dark, light } from "../../src/topology/look.ts";
import type { Palette } from "../../src/topology/look.ts";

export type Theme = "light" | "dark";

const KEY = "linkscope-theme";
const query = matchMedia("(prefers-color-scheme: dark)");
const systemTheme = (): Theme => (query.matches ? "dark" : "light");

/** The theme in use, and how to turn it. */
export function useTheme(): readonly [theme: Theme, turn: () => void] {
  const [chosen, choose] = useState<string | null>(() => localStorage.getItem(KEY));
  const [system, setSystem] = useState<Theme>(systemTheme);
  useEffect(() => {
    const follow = (): void => setSystem(systemTheme());
    query.addEventListener("change", follow);
    return () => query.removeEventListener("change", follow);
  }, []);
  const theme: Theme = chosen === "light" || chosen === "dark" ? chosen : system;
  useEffect(() => paint(theme), [theme]);
  const turn = (): void => {
    const next = theme === "dark" ? "light" : "dark";
    localStorage.setItem(KEY, next);
    choose(next);
  };
  return [theme, turn];
}

function paint(theme: Theme): void {
  const { style, dataset } = document.documentElement;
  const palette: Palette = theme === "dark" ? dark : light;
  dataset["theme"] = theme;
  style.colorScheme = theme;
  for (const [name, colour] of Object.entries(palette)) {
    if (typeof colour === "string") style.setProperty(`--${name}`, colour);
  }
  for (const [tone, colour] of Object.entries(palette.tones)) {
    style.setProperty(`--tone-${tone}`, colour);
  }
  for (const [kind, colour] of Object.entries(palette.kinds)) {
    style.setProperty(`--kind-${kind}`, colour);
  }
}
