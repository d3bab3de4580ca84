import { useEffect, useRef, useState } from "react"
import type { Session } from "@/api/types"
import { Button, ButtonLink } from "@/parts/button"
import type { LineState } from "./line"
import { Screen } from "./screen"

const readerKey = "berth.terminal.reader"

interface TerminalViewProps {
  session: Session
  component?: string
  onSignedOut: () => void
}

/// The terminal and the line above it: state, screen reader mode, how to leave.
export function TerminalView({ session, component, onSignedOut }: TerminalViewProps) {
  const place = useRef<HTMLDivElement>(null)
  const screen = useRef<Screen>(undefined)
  const back = useRef<HTMLElement>(null)
  const [state, setState] = useState<LineState>({ kind: "connecting" })
  const [reader, setReader] = useState(() => localStorage.getItem(readerKey) === "on")
  const [round, setRound] = useState(0)
  const readerNow = useRef(reader)

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round is a new shell
  useEffect(() => {
    if (!place.current) return
    const url = new URL(`${location.origin.replace(/^http/, "ws")}/api/v1/sessions/${session.id}/terminal`)
    url.searchParams.set("id", component ? `main-${component}` : "main")
    if (component) url.searchParams.set("component", component)
    const made = new Screen(
      place.current,
      url.href,
      {
        state: (next) => {
          setState(next)
          if (next.kind === "refused" && next.why === "signed-out") onSignedOut()
        },
        title: () => {},
        leave: () => back.current?.focus(),
      },
      readerNow.current,
    )
    screen.current = made
    return () => made.close()
  }, [session.id, component, round, onSignedOut])

  useEffect(() => {
    readerNow.current = reader
    if (screen.current) screen.current.reader = reader
    if (reader) localStorage.setItem(readerKey, "on")
    else localStorage.removeItem(readerKey)
  }, [reader])

  const ended = state.kind === "exited" || state.kind === "refused" || state.kind === "problem"
  return (
    <section aria-label="Terminal" className="flex min-h-0 flex-1 flex-col">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1 pb-2 text-sm">
        <span ref={back} tabIndex={-1} className="text-muted">
          Esc, then Tab leaves the terminal
        </span>
        <label className="flex min-h-6 items-center gap-1.5">
          <input
            type="checkbox"
            className="size-4"
            checked={reader}
            onChange={(e) => setReader(e.target.checked)}
          />
          Screen reader mode
        </label>
        <p role="status" className={state.kind === "open" ? "text-muted" : "text-waiting"}>
          {sayLine(state)}
        </p>
        {ended && (
          <Button size="small" onClick={() => setRound((n) => n + 1)}>
            New shell
          </Button>
        )}
        {state.kind === "lost" && (
          <Button size="small" onClick={() => screen.current?.hurry()}>
            Reconnect now
          </Button>
        )}
        <ButtonLink
          to="/sessions/$id"
          params={{ id: session.id }}
          size="small"
          look="quiet"
          className="ml-auto"
        >
          Session details
        </ButtonLink>
      </div>
      <div className="panel relative min-h-72 flex-1 overflow-hidden focus-within:border-accent">
        {/* Its size must come from the page and not from the rows inside. */}
        <div ref={place} className="absolute inset-2" />
      </div>
    </section>
  )
}

function sayLine(state: LineState): string {
  switch (state.kind) {
    case "connecting":
      return "Connecting …"
    case "open":
      return "Connected"
    case "lost":
      return `Reconnecting (${state.tries}). The shell goes on meanwhile.`
    case "exited":
      return `The shell ended with status ${state.status}.`
    case "problem":
      return state.detail
    case "refused":
      return {
        "signed-out": "Signed out.",
        "not-found": "This session is gone.",
        "not-running": "The session does not run.",
      }[state.why]
  }
}
