import { useQueryClient } from "@tanstack/react-query"
import { useNavigate } from "@tanstack/react-router"
import { Check, LogOut, Settings } from "lucide-react"
import { useState } from "react"
import { signOut } from "@/api/actions"
import type { Me } from "@/api/types"
import { buttonClasses } from "@/parts/button"
import {
  itemClasses,
  Menu,
  MenuGroup,
  MenuGroupLabel,
  MenuItem,
  MenuLine,
  MenuRadioGroup,
  MenuRadioItem,
} from "@/parts/menu"
import { applyTheme, readTheme, type Theme } from "@/parts/theme"
import { lettersOf } from "@/parts/tile"
import { sayProblem } from "@/parts/toast"

/// Who is signed in, their settings, the theme, and the way out.
export function Person({ me }: { me: Me }) {
  const navigate = useNavigate()
  const cache = useQueryClient()
  const shown = me.displayName || me.name

  async function leave() {
    try {
      await signOut()
    } catch (error) {
      return sayProblem("Still signed in", error)
    }
    cache.clear()
    await navigate({ to: "/sign-in" })
  }

  return (
    <Menu
      label="Your menu"
      trigger={
        <button type="button" className={buttonClasses("quiet", "icon")}>
          <span
            aria-hidden
            className="flex size-7 items-center justify-center rounded-full bg-tint text-xs font-semibold text-accent"
          >
            {lettersOf(shown)}
          </span>
          <span className="sr-only">Your menu, {shown}</span>
        </button>
      }
    >
      <div className="px-2.5 py-1.5">
        <p className="max-w-56 truncate font-medium">{shown}</p>
        <p className="max-w-56 truncate text-sm text-muted">
          {me.name}
          {me.role === "admin" ? ", administrator" : ""}
        </p>
      </div>
      <MenuLine />
      <MenuItem onClick={() => void navigate({ to: "/settings" })}>
        <Settings aria-hidden className="size-4 text-muted" />
        Settings
      </MenuItem>
      <MenuLine />
      <ThemeChoice />
      <MenuLine />
      <MenuItem onClick={() => void leave()}>
        <LogOut aria-hidden className="size-4 text-muted" />
        Sign out
      </MenuItem>
    </Menu>
  )
}

/// Mounted each time the menu opens, so it shows the choice as it is now.
function ThemeChoice() {
  const [theme, setTheme] = useState<Theme>(readTheme)
  return (
    <MenuGroup>
      <MenuGroupLabel className="px-2.5 py-1 text-sm text-muted">Theme</MenuGroupLabel>
      <MenuRadioGroup
        value={theme}
        onValueChange={(next: Theme) => {
          setTheme(next)
          applyTheme(next)
        }}
      >
        {(["system", "light", "dark"] as const).map((name) => (
          <MenuRadioItem key={name} value={name} className={itemClasses}>
            <Check aria-hidden className={name === theme ? "size-4 text-accent" : "invisible size-4"} />
            {name.charAt(0).toUpperCase() + name.slice(1)}
          </MenuRadioItem>
        ))}
      </MenuRadioGroup>
    </MenuGroup>
  )
}
