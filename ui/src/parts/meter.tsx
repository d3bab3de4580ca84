import { sayOf } from "@/text/amounts"
import { classes } from "./classes"

interface MeterProps {
  label: string
  used: number
  limit?: number
  /// What is about to be taken on top.
  more?: number
  say: (amount: number) => string
  /// Who limits it.
  whose?: string
}

/// A bar with its numbers: used, about to be used, of how much.
export function Meter({ label, used, limit, more = 0, say, whose }: MeterProps) {
  // A limit of nothing is full from the start.
  const share = (amount: number) =>
    limit === undefined ? 0 : limit === 0 ? 100 : Math.min(100, (amount / limit) * 100)
  const total = used + more
  const over = limit !== undefined && total > limit
  const text =
    limit === undefined
      ? `${say(total)}, no limit`
      : sayOf(say(used), say(limit), more > 0 ? say(more) : undefined)
  return (
    <div>
      <div className="flex items-baseline justify-between gap-3">
        <span className="font-medium">{label}</span>
        <span className={classes("text-sm tabular-nums", over ? "text-failed" : "text-muted")}>{text}</span>
      </div>
      <div
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={limit ?? Math.max(total, 1)}
        aria-valuenow={limit === undefined ? total : Math.min(total, limit)}
        aria-valuetext={text}
        className="mt-1.5 flex h-1.5 overflow-hidden rounded-full bg-line"
      >
        <div
          className={share(used) >= 90 ? "bg-waiting" : "bg-accent"}
          style={{ width: `${share(used)}%` }}
        />
        <div
          className={over ? "bg-failed" : "bg-moving"}
          style={{ width: `${share(total) - share(used)}%` }}
        />
      </div>
      {whose && <p className="mt-1 text-sm text-muted">{whose}</p>}
    </div>
  )
}
