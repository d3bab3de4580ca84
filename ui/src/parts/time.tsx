import { createContext, type ReactNode, useContext, useEffect, useState } from "react"
import { sayExact, sayRelative } from "@/text/time"

const Now = createContext(0)

/// One clock for every relative time on the page.
export function NowProvider({ children }: { children: ReactNode }) {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 20_000)
    return () => clearInterval(timer)
  }, [])
  return <Now value={now}>{children}</Now>
}

export function useNow(): number {
  return useContext(Now)
}

/// A relative time that carries the exact one.
export function Ago({ at, className }: { at: string; className?: string }) {
  const now = useNow()
  return (
    <time dateTime={at} title={sayExact(at)} className={className}>
      {sayRelative(at, now)}
    </time>
  )
}

/// The time now in milliseconds, second by second while `running`.
function useSeconds(running: boolean): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (!running) return
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [running])
  return now
}

/// Whole seconds until `at`, counting down while it is shown; 0 for what has come or is not known.
export function useCountdown(at: string | undefined): number {
  const now = useSeconds(at !== undefined)
  return at ? Math.max(0, Math.ceil((Date.parse(at) - now) / 1000)) : 0
}

/// Seconds since `from`, growing while it is shown.
export function useElapsed(running: boolean, from: number): number {
  return Math.max(0, (useSeconds(running) - from) / 1000)
}
