import RFB from "@novnc/novnc"
import { ClipboardPaste, Expand, Keyboard } from "lucide-react"
import { useCallback, useEffect, useRef, useState } from "react"
import { backoff } from "@/api/stream"
import type { Session } from "@/api/types"
import { Button, ButtonLink, buttonClasses } from "@/parts/button"
import { Dialog, DialogClose } from "@/parts/dialog"
import { Field } from "@/parts/field"
import { say } from "@/parts/toast"

type Link =
  | { kind: "connecting" }
  | { kind: "open" }
  | { kind: "lost"; tries: number }
  | { kind: "refused"; why: string }

/// The session's desktop: scaled to the window, with the clipboard and the whole screen.
export function DesktopView({ session, access }: { session: Session; access?: string }) {
  const place = useRef<HTMLDivElement>(null)
  const tools = useRef<HTMLDivElement>(null)
  const [link, setLink] = useState<Link>({ kind: "connecting" })
  const [fill, setFill] = useState(true)
  const [clip, setClip] = useState<string | undefined>(undefined)
  const received = useRef("")
  const { rfb, hurry } = useDesktop(session.id, access, place, setLink, received)

  useEffect(() => {
    if (!rfb) return
    rfb.scaleViewport = fill
  }, [rfb, fill])

  const leave = useCallback((event: React.KeyboardEvent) => {
    if (!event.ctrlKey || !event.altKey || event.key.toLowerCase() !== "b") return
    event.preventDefault()
    event.stopPropagation()
    tools.current?.querySelector("button")?.focus()
  }, [])

  return (
    <section aria-label="Desktop" className="flex min-h-0 flex-1 flex-col">
      <div ref={tools} className="flex flex-wrap items-center gap-x-3 gap-y-1 pb-2 text-sm">
        <Button size="small" onClick={() => setClip(received.current)}>
          <ClipboardPaste aria-hidden className="size-4" />
          Clipboard
        </Button>
        <Button
          size="small"
          onClick={() =>
            void place.current?.requestFullscreen().catch(() => say("Full screen is not allowed here"))
          }
        >
          <Expand aria-hidden className="size-4" />
          Full screen
        </Button>
        <Button size="small" onClick={() => rfb?.sendCtrlAltDel()} disabled={link.kind !== "open"}>
          <Keyboard aria-hidden className="size-4" />
          Ctrl Alt Del
        </Button>
        <label className="flex min-h-6 items-center gap-1.5">
          <input
            type="checkbox"
            className="size-4"
            checked={fill}
            onChange={(e) => setFill(e.target.checked)}
          />
          Fit to window
        </label>
        <p role="status" className={link.kind === "open" ? "text-muted" : "text-waiting"}>
          {sayLink(link)}
        </p>
        {(link.kind === "lost" || link.kind === "refused") && (
          <Button size="small" onClick={hurry}>
            Reconnect now
          </Button>
        )}
        <span className="text-muted">Ctrl Alt B leaves the desktop</span>
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
      {/* Its size must come from the page and not from the picture inside. */}
      <div className="panel relative min-h-80 flex-1 overflow-hidden focus-within:border-accent">
        <div
          ref={place}
          role="application"
          aria-label={`Desktop of ${session.name}`}
          onKeyDownCapture={leave}
          className="absolute inset-0 [&>div]:!bg-ground"
        />
      </div>
      <ClipDialog
        text={clip}
        onClose={() => setClip(undefined)}
        onSend={(text) => {
          rfb?.clipboardPasteFrom(text)
          received.current = text
          setClip(undefined)
          say("Sent to the desktop's clipboard")
        }}
      />
    </section>
  )
}

/// One connection at a time, made again when it breaks; the server's clipboard is kept in `received`.
function useDesktop(
  id: string,
  access: string | undefined,
  place: React.RefObject<HTMLDivElement | null>,
  setLink: (link: Link) => void,
  received: React.RefObject<string>,
) {
  const [rfb, setRfb] = useState<RFB | undefined>(undefined)
  const [round, setRound] = useState(0)
  const tries = useRef(0)

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round is a new connection
  useEffect(() => {
    if (!place.current) return
    const url = new URL(`${location.origin.replace(/^http/, "ws")}/api/v1/sessions/${id}/vnc`)
    if (access) url.searchParams.set("access", access)
    const made = new RFB(place.current, url.href, { shared: true })
    let timer: ReturnType<typeof setTimeout>
    let over = false
    made.scaleViewport = true
    made.addEventListener("connect", () => {
      tries.current = 0
      setLink({ kind: "open" })
      made.focus()
    })
    made.addEventListener("clipboard", (event) => {
      received.current = event.detail.text
      if (document.hasFocus()) void navigator.clipboard?.writeText(event.detail.text).catch(() => {})
    })
    made.addEventListener("securityfailure", (event) => {
      over = true
      setLink({ kind: "refused", why: event.detail.reason ?? "The desktop refused the connection." })
    })
    made.addEventListener("disconnect", () => {
      if (over) return
      tries.current += 1
      setLink({ kind: "lost", tries: tries.current })
      timer = setTimeout(
        () => setRound((n) => n + 1),
        Math.min(8, backoff(tries.current, Math.random())) * 1000,
      )
    })
    setRfb(made)
    return () => {
      over = true
      clearTimeout(timer)
      made.disconnect()
      setRfb(undefined)
    }
  }, [id, access, round])

  const hurry = useCallback(() => setRound((n) => n + 1), [])
  return { rfb, hurry }
}

interface ClipDialogProps {
  text: string | undefined
  onClose: () => void
  onSend: (text: string) => void
}

function ClipDialog({ text, onClose, onSend }: ClipDialogProps) {
  const [draft, setDraft] = useState("")
  useEffect(() => setDraft(text ?? ""), [text])
  return (
    <Dialog
      open={text !== undefined}
      onOpenChange={(open) => !open && onClose()}
      title="Clipboard"
      description="What was copied last in the desktop. Change it and send it back to paste it there."
      footer={
        <>
          <DialogClose className={buttonClasses("plain")}>Cancel</DialogClose>
          <Button look="primary" onClick={() => onSend(draft)}>
            Send to the desktop
          </Button>
        </>
      }
    >
      <Field label="Text" className="mt-3">
        <Area value={draft} onChange={setDraft} />
      </Field>
    </Dialog>
  )
}

function Area({
  value,
  onChange,
  ...rest
}: {
  value: string
  onChange: (text: string) => void
  id?: string
}) {
  return (
    <textarea
      rows={6}
      value={value}
      onChange={(e) => onChange(e.target.value)}
      className="w-full rounded-md border border-edge bg-surface px-3 py-2 font-mono text-sm"
      {...rest}
    />
  )
}

function sayLink(link: Link): string {
  switch (link.kind) {
    case "connecting":
      return "Connecting …"
    case "open":
      return "Connected"
    case "lost":
      return `Reconnecting (${link.tries}). The desktop goes on meanwhile.`
    case "refused":
      return link.why
  }
}
