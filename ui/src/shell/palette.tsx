import { Autocomplete } from "@base-ui/react/autocomplete"
import { Dialog } from "@base-ui/react/dialog"
import { useQuery } from "@tanstack/react-query"
import { useNavigate } from "@tanstack/react-router"
import { Search } from "lucide-react"
import { useEffect, useMemo, useState } from "react"
import { sessionsQuery, templatesQuery } from "@/api/queries"
import type { Me } from "@/api/types"
import { applyTheme } from "@/parts/theme"

interface Command {
  value: string
  label: string
  kind: string
  run: () => void
}

interface Group {
  value: string
  items: Command[]
}

/// Search and commands, by Ctrl K: sessions, templates, pages and actions by name.
export function Palette({ me }: { me: Me }) {
  const [open, setOpen] = useState(false)
  const [text, setText] = useState("")
  const groups = useGroups(me, open, text, () => setOpen(false))

  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return
      event.preventDefault()
      setOpen((was) => !was)
    }
    addEventListener("keydown", listen)
    return () => removeEventListener("keydown", listen)
  }, [])

  return (
    <Dialog.Root
      open={open}
      onOpenChange={(next) => {
        setOpen(next)
        setText("")
      }}
    >
      <Dialog.Trigger className="flex h-9 min-w-9 items-center gap-2 rounded-md border border-edge bg-surface px-2.5 text-muted hover:bg-hover sm:w-72">
        <Search aria-hidden className="size-4 shrink-0" />
        <span className="sr-only flex-1 truncate text-left sm:not-sr-only sm:whitespace-nowrap">
          Search or run a command
        </span>
        <kbd className="hidden rounded-sm border border-line px-1 font-sans text-xs sm:block">Ctrl K</kbd>
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-[rgb(2_6_23/0.45)]" />
        <Dialog.Popup
          aria-label="Search and commands"
          className="floats fixed top-[12dvh] left-1/2 z-50 w-[min(36rem,calc(100vw-2rem))] -translate-x-1/2 overflow-hidden rounded-md border border-line bg-raised shadow-float outline-none"
        >
          <Autocomplete.Root
            open
            inline
            items={groups}
            value={text}
            onValueChange={setText}
            autoHighlight="always"
            keepHighlight
          >
            <div className="flex items-center gap-2 border-b border-line px-4 focus-within:border-accent">
              <Search aria-hidden className="size-4 shrink-0 text-muted" />
              <Autocomplete.Input
                aria-label="Search sessions, templates and commands"
                placeholder="Search sessions, templates and commands"
                className="h-11 min-w-0 flex-1 bg-transparent outline-none"
              />
              <Dialog.Close className="rounded-sm border border-line px-1.5 py-0.5 text-xs text-muted hover:bg-hover">
                Esc
              </Dialog.Close>
            </div>
            <Autocomplete.Empty>
              <p className="px-4 py-5 text-muted">Nothing by that name.</p>
            </Autocomplete.Empty>
            <Autocomplete.List className="max-h-[50dvh] overflow-y-auto p-1.5 empty:p-0">
              {(group: Group) => (
                <Autocomplete.Group key={group.value} items={group.items}>
                  <Autocomplete.GroupLabel className="px-2.5 pt-2 pb-1 text-sm text-muted">
                    {group.value}
                  </Autocomplete.GroupLabel>
                  <Autocomplete.Collection>
                    {(item: Command) => (
                      <Autocomplete.Item
                        key={item.value}
                        value={item}
                        onClick={item.run}
                        className="flex min-h-9 cursor-pointer items-center justify-between gap-3 rounded-sm px-2.5 outline-none data-highlighted:bg-tint"
                      >
                        <span className="min-w-0 truncate">{item.label}</span>
                        <span className="shrink-0 text-sm text-muted">{item.kind}</span>
                      </Autocomplete.Item>
                    )}
                  </Autocomplete.Collection>
                </Autocomplete.Group>
              )}
            </Autocomplete.List>
          </Autocomplete.Root>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function useGroups(me: Me, open: boolean, text: string, close: () => void): Group[] {
  const navigate = useNavigate()
  const q = useDeferredText(text)
  const sessions = useQuery({ ...sessionsQuery({ q, limit: 8 }), enabled: open }).data?.items
  const templates = useQuery({ ...templatesQuery({ q, limit: 8 }), enabled: open }).data?.items
  return useMemo(() => {
    const go = (to: string) => () => {
      close()
      void navigate({ to })
    }
    const command = (label: string, kind: string, run: () => void): Command => ({
      value: `${kind} ${label}`,
      label,
      kind,
      run,
    })
    const pages = [
      command("Home", "page", go("/")),
      command("Catalog", "page", go("/catalog")),
      command("Workspaces", "page", go("/workspaces")),
      command("Settings", "page", go("/settings")),
      ...(me.role === "admin"
        ? ["sessions", "users", "templates", "engines", "audit"].map((p) =>
            command(`Admin: ${p}`, "page", go(`/admin/${p}`)),
          )
        : []),
    ]
    const themes = (["system", "light", "dark"] as const).map((theme) =>
      command(`Theme: ${theme}`, "action", () => {
        applyTheme(theme)
        close()
      }),
    )
    return [
      {
        value: "Sessions",
        items: (sessions ?? []).map((s) => command(s.name, s.status.phase, go(`/sessions/${s.id}`))),
      },
      {
        value: "Launch",
        items: (templates ?? []).map((t) =>
          command(`Launch ${t.displayName || t.name}`, "template", () => {
            close()
            void navigate({ to: "/launch", search: { template: t.name } })
          }),
        ),
      },
      { value: "Pages and actions", items: [...pages, ...themes] },
    ].filter((g) => g.items.length > 0)
  }, [me.role, sessions, templates, navigate, close])
}

/// The text once typing has paused, so that the server is asked once for a word.
function useDeferredText(text: string): string {
  const [held, setHeld] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setHeld(text.trim()), 200)
    return () => clearTimeout(timer)
  }, [text])
  return held
}
