import { useEffect, useState } from "react"
import { asProblem, type Problem, readProblem, unreachable } from "@/api/problem"

export interface LogState {
  lines: string[]
  state: "opening" | "following" | "ended"
  problem?: Problem
}

/// Lines kept in the page; older ones are let go.
const most = 5000

/// Splits what came into whole lines and the rest of one.
export function splitLines(rest: string, chunk: string): { lines: string[]; rest: string } {
  const parts = (rest + chunk).split(/\r?\n/)
  return { rest: parts.pop() ?? "", lines: parts.map(plain) }
}

/// Without the colours and moves that a terminal would carry out.
function plain(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  return line.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007]*\u0007|\r/g, "")
}

/// Follows the log while the page is open; begins anew when the session starts anew.
export function useLog(id: string, component: string | undefined, incarnation: number): LogState {
  const [log, setLog] = useState<LogState>({ lines: [], state: "opening" })
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new incarnation is a new log
  useEffect(() => {
    const stop = new AbortController()
    setLog({ lines: [], state: "opening" })
    const query = new URLSearchParams({ follow: "true", tail: "1000" })
    if (component) query.set("component", component)
    follow(`/api/v1/sessions/${id}/logs?${query}`, stop.signal, (lines) =>
      setLog((old) => ({ lines: [...old.lines, ...lines].slice(-most), state: "following" })),
    )
      .then(() => setLog((old) => ({ ...old, state: "ended" })))
      .catch((error) => {
        if (!stop.signal.aborted) setLog((old) => ({ ...old, state: "ended", problem: asProblem(error) }))
      })
    return () => stop.abort()
  }, [id, component, incarnation])
  return log
}

async function follow(url: string, signal: AbortSignal, take: (lines: string[]) => void) {
  const response = await fetch(url, { signal, credentials: "same-origin" }).catch((error) => {
    throw signal.aborted ? error : unreachable()
  })
  if (!response.ok)
    throw readProblem(
      response.status,
      await response.json().catch(() => undefined),
      response.headers.get("x-request-id"),
    )
  take([])
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ""
  while (reader) {
    const { value, done } = await reader.read()
    if (done) break
    const split = splitLines(rest, value)
    rest = split.rest
    if (split.lines.length > 0) take(split.lines)
  }
  if (rest) take([rest])
}
