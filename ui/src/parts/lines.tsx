import type { Ref } from "react"
import { classes } from "./classes"

interface LinesProps {
  label: string
  lines: string[]
  className?: string
  ref?: Ref<HTMLPreElement>
}

/// Lines that a program wrote, in a part that scrolls by itself and is reached by keyboard.
export function Lines({ label, lines, className, ref }: LinesProps) {
  return (
    <pre
      ref={ref}
      role="group"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={label}
      className={classes("overflow-auto rounded-md border border-line p-3 font-mono text-xs", className)}
    >
      {lines.join("\n")}
    </pre>
  )
}
