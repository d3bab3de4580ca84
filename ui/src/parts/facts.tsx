import type { ReactNode } from "react"

/// Names and what they are, in two columns.
export function Facts({ facts }: { facts: [string, ReactNode][] }) {
  return (
    <dl className="grid gap-x-6 gap-y-2 sm:grid-cols-[9rem_1fr]">
      {facts.map(([name, what]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="mb-1 min-w-0 break-words sm:mb-0">{what}</dd>
        </div>
      ))}
    </dl>
  )
}
