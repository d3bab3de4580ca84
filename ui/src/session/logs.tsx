import { useEffect, useMemo, useRef, useState } from "react"
import type { Session } from "@/api/types"
import { Choice, Field, TextInput } from "@/parts/field"
import { Lines } from "@/parts/lines"
import { ProblemNote } from "@/parts/states"
import { type LogState, useLog } from "./log"

/// The streamed log of a component: follow, search, and four different ways of having nothing to show.
export function Logs({ session }: { session: Session }) {
  const components = session.status.components.map((c) => c.name)
  const [component, setComponent] = useState<string | undefined>(undefined)
  const [text, setText] = useState("")
  const [follow, setFollow] = useState(true)
  const log = useLog(session.id, component, session.status.incarnation)
  const shown = useMemo(() => {
    const wanted = text.toLowerCase()
    return wanted ? log.lines.filter((l) => l.toLowerCase().includes(wanted)) : log.lines
  }, [log.lines, text])
  const box = useRef<HTMLPreElement>(null)

  // biome-ignore lint/correctness/useExhaustiveDependencies: each new line is a reason to scroll
  useEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight
  }, [shown, follow])

  return (
    <div className="space-y-3">
      <div className="flex flex-wrap items-end gap-3">
        {components.length > 1 && (
          <Field label="Component" className="w-44">
            <Choice value={component ?? ""} onChange={(e) => setComponent(e.target.value || undefined)}>
              <option value="">Default</option>
              {components.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </Choice>
          </Field>
        )}
        <Field label="Search in the log" className="min-w-40 flex-1 sm:max-w-72">
          <TextInput type="search" value={text} onChange={(e) => setText(e.target.value)} />
        </Field>
        <label className="flex h-9 items-center gap-2">
          <input
            type="checkbox"
            checked={follow}
            onChange={(e) => setFollow(e.target.checked)}
            className="size-4"
          />
          Follow
        </label>
        <p role="status" className="flex h-9 items-center text-sm text-muted">
          {text ? `${shown.length} of ${log.lines.length} lines` : saying(log, session)}
        </p>
      </div>
      {log.problem && <ProblemNote error={log.problem} />}
      <Lines
        ref={box}
        label={`Log of ${session.name}`}
        lines={shown}
        className="h-[26rem] bg-surface break-words whitespace-pre-wrap"
      />
    </div>
  )
}

function saying(log: LogState, session: Session): string {
  if (log.problem) return "The log cannot be read now."
  if (log.state === "opening") return "Opening the log …"
  if (log.lines.length > 0) return log.state === "following" ? "Following" : "The end of the log"
  if (session.status.phase === "hibernated") return "Nothing runs, so nothing is written."
  return log.state === "following" ? "It has written nothing yet." : "It has written nothing."
}
