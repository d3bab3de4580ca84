import { CircleAlert, Lock } from "lucide-react"
import { type ReactNode, useEffect, useState } from "react"
import { asProblem, type Problem } from "@/api/problem"
import { Button } from "./button"
import { classes } from "./classes"

/// Waiting for a first answer. Says nothing for a moment, then says that it waits; the request itself has a limit.
export function Loading({ what = "Loading" }: { what?: string }) {
  const [shown, setShown] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 250)
    return () => clearTimeout(timer)
  }, [])
  return (
    <div role="status" className="min-h-24 py-6 text-muted">
      {shown ? `${what} …` : ""}
    </div>
  )
}

/// Nothing here, and what to do about it.
export function Empty({
  title,
  children,
  action,
}: {
  title: string
  children?: ReactNode
  action?: ReactNode
}) {
  return (
    <div className="panel flex flex-col items-start gap-2 border-dashed px-5 py-6">
      <p className="font-medium">{title}</p>
      {children && <div className="max-w-prose text-muted">{children}</div>}
      {action && <div className="pt-1">{action}</div>}
    </div>
  )
}

/// What happened, why, what to do now: inside a form or beside a button.
export function ProblemNote({ error, className }: { error: unknown; className?: string }) {
  const problem = asProblem(error)
  return (
    <div
      role="alert"
      className={classes("flex gap-2.5 rounded-md border border-failed px-3 py-2", className)}
    >
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-failed" />
      <div className="min-w-0 break-words">
        <p>{sentence(problem.message)}</p>
        {problem.next && <p className="text-muted">{sentence(problem.next)}</p>}
        {problem.requestId && <p className="font-mono text-xs text-muted">request {problem.requestId}</p>}
      </div>
    </div>
  )
}

/// A page or list that could not be had: forbidden, or failed with a way to try again.
export function Failed({ error, retry, busy }: { error: unknown; retry?: () => void; busy?: boolean }) {
  const problem = asProblem(error)
  if (problem.status === 403) return <Forbidden detail={problem.message} next={problem.next} />
  return (
    <div role="alert" className="panel flex flex-col items-start gap-2 px-5 py-5">
      <p className="flex items-center gap-2 font-medium">
        <CircleAlert aria-hidden className="size-4 text-failed" />
        {titleOf(problem)}
      </p>
      <p className="max-w-prose break-words">{sentence(problem.message)}</p>
      {problem.away ? (
        <p className="max-w-prose text-muted">
          This page comes by itself once it answers. Sessions go on meanwhile.
        </p>
      ) : (
        problem.next && <p className="max-w-prose break-words text-muted">{sentence(problem.next)}</p>
      )}
      {problem.requestId && <p className="font-mono text-xs text-muted">request {problem.requestId}</p>}
      {retry && problem.status !== 404 && (
        <Button onClick={retry} busy={busy} className="mt-1">
          Try again
        </Button>
      )}
    </div>
  )
}

function titleOf(problem: Problem): string {
  if (problem.away) return "Berth does not answer"
  return problem.status === 404 ? "Not found" : "This could not be loaded"
}

export function Forbidden({ detail, next }: { detail?: string; next?: string }) {
  return (
    <div role="alert" className="panel flex flex-col items-start gap-2 px-5 py-5">
      <p className="flex items-center gap-2 font-medium">
        <Lock aria-hidden className="size-4 text-waiting" />
        Not yours to see
      </p>
      <p className="max-w-prose">{sentence(detail || "This page is for administrators.")}</p>
      <p className="max-w-prose text-muted">
        {sentence(next || "Ask an administrator for the role, or go back.")}
      </p>
    </div>
  )
}

/// The server's sentences start small and end without a stop; as a paragraph they read better with both.
export function sentence(text: string): string {
  const trimmed = text.trim()
  if (!trimmed) return ""
  const capital = /^[a-z]+[ ,:]/.test(trimmed) ? trimmed.charAt(0).toUpperCase() + trimmed.slice(1) : trimmed
  return /[.:!?)"'`\w]$/.test(capital) && !/[.:!?]$/.test(capital) && /\s/.test(capital)
    ? `${capital}.`
    : capital
}
