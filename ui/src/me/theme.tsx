import { useState } from "react"
import { Section } from "@/parts/section"
import { applyTheme, readTheme, type Theme } from "@/parts/theme"

const themes: Record<Theme, string> = { system: "As the system", light: "Light", dark: "Dark" }

export function ThemeSection() {
  const [theme, setTheme] = useState<Theme>(readTheme)
  return (
    <Section title="Theme" lead="Remembered in this browser.">
      <fieldset className="flex flex-wrap gap-x-6 gap-y-2">
        <legend className="sr-only">Theme</legend>
        {(Object.keys(themes) as Theme[]).map((name) => (
          <label key={name} className="flex min-h-6 items-center gap-2">
            <input
              type="radio"
              name="theme"
              className="size-4"
              checked={theme === name}
              onChange={() => {
                setTheme(name)
                applyTheme(name)
              }}
            />
            {themes[name]}
          </label>
        ))}
      </fieldset>
    </Section>
  )
}
