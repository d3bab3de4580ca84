import type { ReactNode } from "react"

/// A part of a page with its own heading.
export function Section({
  title,
  lead,
  beside,
  children,
}: {
  title: string
  lead?: ReactNode
  beside?: ReactNode
  children: ReactNode
}) {
  return (
    <section aria-label={title} className="panel px-5 py-4">
      <div className="mb-3 flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0">
          <h2 className="font-semibold">{title}</h2>
          {lead && <p className="text-muted">{lead}</p>}
        </div>
        {beside}
      </div>
      {children}
    </section>
  )
}
