import { CircleCheck, CircleX, Clock, LoaderCircle, Moon, Snowflake } from "lucide-react"
import { type Tone, toneOf } from "@/text/phase"
import { classes } from "./classes"

const icons: Record<Tone, typeof Clock> = {
  running: CircleCheck,
  moving: LoaderCircle,
  frozen: Snowflake,
  hibernated: Moon,
  waiting: Clock,
  failed: CircleX,
}

const colours: Record<Tone, string> = {
  running: "text-running",
  moving: "text-moving",
  frozen: "text-frozen",
  hibernated: "text-hibernated",
  waiting: "text-waiting",
  failed: "text-failed",
}

/// A phase: its icon, its word, its colour, always all three.
export function PhaseMark({ phase, className }: { phase: string; className?: string }) {
  const tone = toneOf(phase)
  const Icon = icons[tone]
  return (
    <span
      className={classes(
        "inline-flex items-center gap-1.5 font-medium whitespace-nowrap",
        colours[tone],
        className,
      )}
    >
      <Icon aria-hidden className={classes("size-4 shrink-0", tone === "moving" && "animate-spin")} />
      {phase}
    </span>
  )
}
