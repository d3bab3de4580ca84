import { ExternalLink } from "lucide-react"
import { wake } from "@/api/actions"
import type { Session } from "@/api/types"
import { useAct } from "@/parts/act"
import { Button, ButtonLink, buttonClasses } from "@/parts/button"
import { sayProblem } from "@/parts/toast"
import { canOpen } from "@/text/phase"
import { targetOf } from "./open"

/// The one primary action: Open when there is something to open, Try again when it failed, nothing in between.
export function OpenButton({ session, size }: { session: Session; size?: "small" }) {
  const again = useAct({
    mutationFn: () => wake(session),
    onError: (error) => sayProblem(`${session.name} could not be started`, error),
  })
  const { phase } = session.status
  if (phase === "failed") {
    return (
      <Button
        look="primary"
        size={size}
        busy={again.isPending}
        onClick={() => again.mutate()}
        aria-label={`Try again: ${session.name}`}
      >
        Try again
      </Button>
    )
  }
  if (!canOpen(phase)) return null
  const target = targetOf(session)
  const label = phase === "hibernated" ? `Open ${session.name}, wakes it` : `Open ${session.name}`
  if (target?.kind === "page") {
    return (
      <ButtonLink look="primary" size={size} to={target.to} params={{ id: session.id }} aria-label={label}>
        Open
      </ButtonLink>
    )
  }
  if (target?.kind === "address") {
    return (
      <a
        href={target.href}
        target="_blank"
        rel="noreferrer"
        aria-label={label}
        className={buttonClasses("primary", size)}
      >
        Open
        <ExternalLink aria-hidden className="size-3.5" />
      </a>
    )
  }
  if (phase !== "hibernated") return null
  return (
    <Button
      look="primary"
      size={size}
      busy={again.isPending}
      onClick={() => again.mutate()}
      aria-label={`Wake ${session.name}`}
    >
      Wake
    </Button>
  )
}
