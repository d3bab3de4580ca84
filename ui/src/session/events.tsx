import { useQuery } from "@tanstack/react-query"
import { sessionEventsQuery } from "@/api/queries"
import type { Event, Session } from "@/api/types"
import { type Column, Rows } from "@/parts/rows"
import { Empty, Failed, Loading } from "@/parts/states"
import { Ago } from "@/parts/time"
import { sayData, sayKind } from "@/text/event"

const columns: Column<Event>[] = [
  { name: "When", cell: (e) => <Ago at={e.at} className="whitespace-nowrap" />, className: "sm:w-32" },
  { name: "What", cell: (e) => <span title={e.kind}>{sayKind(e.kind)}</span>, className: "sm:w-40" },
  { name: "Who", cell: (e) => e.actor, className: "sm:w-32" },
  { name: "Details", cell: (e) => <span className="text-muted">{sayData(e) || "–"}</span> },
]

export function SessionEvents({ session }: { session: Session }) {
  const events = useQuery(sessionEventsQuery(session.id))
  if (events.error && !events.data)
    return <Failed error={events.error} retry={() => void events.refetch()} busy={events.isFetching} />
  if (!events.data) return <Loading what="Loading events" />
  if (events.data.items.length === 0)
    return <Empty title="No events yet">What happens to this session is listed here.</Empty>
  const newest = tell(events.data.items)
  return (
    <Rows
      label={`Events of ${session.name}`}
      columns={columns}
      rows={newest}
      id={(e) => String(e.sequence)}
    />
  )
}

/// Newest first. What was asked is written once for the audit and once as what became of it: told once, as the asker's.
function tell(events: Event[]): Event[] {
  const asked = events.filter((e) => e.class === "audit")
  const same = (a: Event, b: Event) =>
    a.kind === b.kind && Math.abs(Date.parse(a.at) - Date.parse(b.at)) < 2000
  return events
    .filter((e) => e.kind !== "session.updated")
    .filter((e) => e.class === "audit" || !asked.some((a) => same(a, e)))
    .sort((a, b) => b.sequence - a.sequence)
}
