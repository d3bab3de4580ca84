import { Link, useRouterState } from "@tanstack/react-router"
import { ChevronRight } from "lucide-react"
import { type ReactNode, useEffect, useRef } from "react"
import { classes } from "./classes"

interface Crumb {
  label: string
  to: string
}

interface PageProps {
  title: string
  /// What the window is called, when the heading alone would not tell.
  name?: string
  crumbs?: Crumb[]
  lead?: ReactNode
  beside?: ReactNode
  mark?: ReactNode
  children: ReactNode
  className?: string
}

let visited: string | undefined

/// A page: its one heading, its title, its way back. Focus goes to the heading when the page was navigated to.
export function Page({ title, name, crumbs, lead, beside, mark, children, className }: PageProps) {
  return (
    <div className={classes("mx-auto w-full max-w-[1200px] px-4 py-6 sm:px-6", className)}>
      <title>{`${name ?? title} · Berth`}</title>
      {crumbs && <Crumbs crumbs={crumbs} here={title} />}
      <div className="mb-6 flex flex-wrap items-start justify-between gap-x-4 gap-y-3">
        <div className="flex min-w-0 flex-1 basis-72 items-start gap-3">
          {mark}
          <div className="min-w-0">
            <Heading>{title}</Heading>
            {lead && <div className="mt-0.5 text-muted">{lead}</div>}
          </div>
        </div>
        {beside && <div className="flex flex-wrap items-center gap-2">{beside}</div>}
      </div>
      {children}
    </div>
  )
}

/// The heading of a page that is drawn without `Page`: takes the focus in the same way. A field that the page has put
/// it into keeps it.
export function Heading({ children, className }: { children: ReactNode; className?: string }) {
  const heading = useRef<HTMLHeadingElement>(null)
  // The resolved location changes when the new page is there; the other one while the old page is still shown.
  const pathname = useRouterState({ select: (s) => s.resolvedLocation?.pathname })
  useEffect(() => {
    if (pathname === undefined) return
    const moved = visited !== undefined && visited !== pathname
    if (moved && !document.activeElement?.matches("main input"))
      heading.current?.focus({ preventScroll: true })
    visited = pathname
  }, [pathname])
  return (
    <h1 ref={heading} tabIndex={-1} className={classes("break-words text-xl font-semibold", className)}>
      {children}
    </h1>
  )
}

function Crumbs({ crumbs, here }: { crumbs: Crumb[]; here: string }) {
  return (
    <nav aria-label="Breadcrumb" className="mb-2 text-sm">
      <ol className="flex flex-wrap items-center gap-1 text-muted">
        {crumbs.map((crumb) => (
          <li key={crumb.to} className="flex min-w-0 items-center gap-1">
            <Link
              to={crumb.to}
              className="inline-flex min-h-6 items-center truncate hover:text-text hover:underline"
            >
              {crumb.label}
            </Link>
            <ChevronRight aria-hidden className="size-3.5" />
          </li>
        ))}
        <li aria-current="page" className="min-w-0 truncate">
          {here}
        </li>
      </ol>
    </nav>
  )
}
