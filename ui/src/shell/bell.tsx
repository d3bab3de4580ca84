import { Popover } from "@base-ui/react/popover"
import { Link } from "@tanstack/react-router"
import { Bell as BellIcon } from "lucide-react"
import { useState } from "react"
import { buttonClasses } from "@/parts/button"
import { Ago } from "@/parts/time"
import { useNotes } from "./notes"

/// Notifications: what happened to one's sessions while the page was open.
export function Bell() {
  const { notes, unseen, seen } = useNotes()
  const [open, setOpen] = useState(false)
  return (
    <Popover.Root
      open={open}
      onOpenChange={(next) => {
        setOpen(next)
        if (next) seen()
      }}
    >
      <Popover.Trigger
        aria-label={unseen > 0 ? `Notifications, ${unseen} new` : "Notifications"}
        className={buttonClasses("quiet", "icon", "relative")}
      >
        <BellIcon aria-hidden className="size-4" />
        {unseen > 0 && (
          <span aria-hidden className="absolute top-1.5 right-1.5 size-2 rounded-full bg-accent" />
        )}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={6} align="end" className="z-30">
          <Popover.Popup className="floats w-[min(22rem,calc(100vw-2rem))] rounded-md border border-line bg-raised shadow-float outline-none">
            <Popover.Title className="border-b border-line px-4 py-2.5 font-medium">
              Notifications
            </Popover.Title>
            {notes.length === 0 ? (
              <p className="px-4 py-5 text-muted">
                Nothing new. Sessions that start, stop or fail are told here.
              </p>
            ) : (
              <ul className="max-h-96 overflow-y-auto py-1">
                {notes.map((n) => (
                  <li key={n.sequence}>
                    <Link
                      to="/sessions/$id"
                      params={{ id: n.session }}
                      onClick={() => setOpen(false)}
                      className="block px-4 py-2 outline-offset-[-2px] hover:bg-hover"
                    >
                      <span className="flex justify-between gap-3">
                        <span className="min-w-0 break-words font-medium">{n.title}</span>
                        <Ago at={n.at} className="shrink-0 text-sm text-muted" />
                      </span>
                      {n.text && <span className="block text-sm break-words text-muted">{n.text}</span>}
                    </Link>
                  </li>
                ))}
              </ul>
            )}
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  )
}
