import { Link } from "@tanstack/react-router"
import { Check, Circle, CircleX, Clock, LoaderCircle } from "lucide-react"
import { useRef } from "react"
import type { Session, Step } from "@/api/types"
import { classes } from "@/parts/classes"
import { Lines } from "@/parts/lines"
import { sentence } from "@/parts/states"
import { useElapsed } from "@/parts/time"
import { isUp, stepWords } from "@/text/phase"
import { sayDuration, sayElapsed } from "@/text/time"

/// The six steps of a start: where it is, how long it has taken, what the engine says. Folds to a line once it runs.
export function Steps({ session }: { session: Session }) {
  const { steps, phase } = session.status
  const total = Math.max(0, ...steps.map((s) => s.seconds ?? 0))
  if (isUp(phase) && steps.every((s) => s.state === "done")) {
    return (
      <div aria-live="polite">
        <details className="panel px-4 py-2">
          <summary className="min-h-6 cursor-pointer">
            <span className="ml-1 font-medium text-running">Ready</span>
            <span className="text-muted"> in {sayDuration(total)}</span>
            <span className="text-muted">{session.status.incarnation > 1 ? ", a wake" : ", a cold start"}</span>
          </summary>
          <ol className="mt-2 border-t border-line pt-2 pb-1">
            {steps.map((step) => (
              <StepLine key={step.name} step={step} since={{ done: 0 }} />
            ))}
          </ol>
        </details>
      </div>
    )
  }
  if (phase !== "pending" && phase !== "starting" && phase !== "failed") return null
  const told = phase === "failed" ? session.status.message : undefined
  const first = session.status.incarnation <= 1
  const since = { asked: first ? new Date(session.createdAt).getTime() : undefined, done: total }
  return (
    <section aria-label="Start" className="panel px-4 py-3">
      <ol aria-live="polite">
        {steps.map((step) => (
          <StepLine
            key={`${session.status.incarnation}-${step.name}`}
            step={step}
            since={since}
            told={told}
          />
        ))}
      </ol>
      {phase === "failed" && <Cause session={session} />}
    </section>
  )
}

const marks = { done: Check, active: LoaderCircle, waiting: Circle, failed: CircleX }
const colours = { done: "text-running", active: "text-moving", waiting: "text-muted", failed: "text-failed" }

/// From when the active step's time is counted: the ask where it is known, else what the steps before it took.
interface Since {
  asked?: number
  done: number
}

/// `told` is what the cause below says already.
function StepLine({ step, since, told }: { step: Step; since: Since; told?: string }) {
  const held = step.state === "waiting" && !!step.message
  const Mark = held ? Clock : marks[step.state]
  const words = stepWords[step.name]
  return (
    <li
      data-step={step.name}
      data-state={step.state}
      className="grid min-h-7 grid-cols-[1.25rem_1fr_auto] items-start gap-x-2 py-0.5"
    >
      <Mark
        aria-hidden
        className={classes(
          "mt-0.5 size-4",
          held ? "text-waiting" : colours[step.state],
          step.state === "active" && "animate-spin",
        )}
      />
      <div className="min-w-0">
        <span className={step.state === "waiting" ? "text-muted" : "font-medium"}>
          {step.state === "active" || step.state === "failed" ? words.active : words.done}
        </span>
        <span className="sr-only">, {step.state === "active" ? "under way" : step.state}</span>
        {step.message && step.message !== told && (
          <span className="block break-words text-muted sm:ml-2 sm:inline">{step.message}</span>
        )}
      </div>
      <span className="text-right text-sm text-muted tabular-nums">
        {step.state === "active" ? (
          <Ticking since={since} />
        ) : (
          step.seconds !== undefined && sayDuration(step.seconds)
        )}
      </span>
    </li>
  )
}

/// Time since the ask, ticking. Hidden from live readers, who would hear each second.
function Ticking({ since }: { since: Since }) {
  const seen = useRef(Date.now() - since.done * 1000)
  const elapsed = useElapsed(true, since.asked ?? seen.current)
  return <span aria-hidden>{sayElapsed(Math.max(since.done, elapsed))}</span>
}

function Cause({ session }: { session: Session }) {
  const { message, reason, lastLog } = session.status
  return (
    <div role="alert" className="mt-2 border-t border-line pt-3">
      <p className="font-semibold break-words text-failed">
        {sentence(message || reason || "It stopped without saying why")}
      </p>
      {lastLog.length > 0 && (
        <>
          <h2 className="mt-3 text-sm text-muted">Last lines it wrote</h2>
          <Lines label="Last lines it wrote" lines={lastLog} className="mt-1 max-h-64 bg-ground" />
        </>
      )}
      <p className="mt-3">
        <Link to="/sessions/$id" params={{ id: session.id }} search={{ tab: "logs" }} className="link">
          Logs
        </Link>
      </p>
    </div>
  )
}
