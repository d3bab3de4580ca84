export type Theme = "system" | "light" | "dark"

const key = "berth.theme"

export function readTheme(): Theme {
  try {
    const kept = localStorage.getItem(key)
    return kept === "light" || kept === "dark" ? kept : "system"
  } catch {
    return "system"
  }
}

/// Puts the choice on the page and remembers it. The browser's own parts follow by color-scheme.
export function applyTheme(theme: Theme) {
  if (theme === "system") delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
  document
    .querySelector('meta[name="color-scheme"]')
    ?.setAttribute("content", theme === "system" ? "light dark" : theme)
  try {
    if (theme === "system") localStorage.removeItem(key)
    else localStorage.setItem(key, theme)
  } catch {
    // A browser that keeps nothing still gets the theme for this visit.
  }
}
