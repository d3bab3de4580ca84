import { useQuery } from "@tanstack/react-query"
import { whyQuery } from "@/api/queries"
import type { Session } from "@/api/types"
import { sentence } from "@/parts/states"
import { Ago } from "@/parts/time"
import { plural } from "@/text/amounts"

/// What was seen of a session that may stop for want of use, and does not count as use.
export function NoUse({ session }: { session: Session }) {
  const limited = session.status.phase === "running" && session.stopsAt !== undefined
  const seen = useQuery(whyQuery(session.id, limited)).data?.uncounted ?? []
  if (!limited || seen.length === 0) return null
  return (
    <section aria-label="What does not count as use" className="panel divide-y divide-line">
      <h2 className="px-4 py-3 font-medium">What does not count as use</h2>
      {seen.map((one) => (
        <div key={`${one.what}: ${one.why}`} className="px-4 py-3">
          <div className="flex flex-wrap items-baseline justify-between gap-x-4">
            <h3 className="break-words">{sentence(one.what)}</h3>
            <span className="text-sm text-muted">
              {plural(one.times, "time")}, last <Ago at={one.lastAt} />
            </span>
          </div>
          <p className="text-sm break-words text-muted">{sentence(one.why)}</p>
        </div>
      ))}
    </section>
  )
}
