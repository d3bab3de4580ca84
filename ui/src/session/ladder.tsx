import type { Session } from "@/api/types"
import { PhaseMark } from "@/parts/phase"
import { Ago } from "@/parts/time"

/// What a session is and what becomes of it, rung by rung: when, and by whose limit.
export function Ladder({ session }: { session: Session }) {
  const { ladder, lease, status, engine } = session
  return (
    <section aria-label="What comes" className="panel px-4 py-4">
      <h2 className="mb-3 font-semibold">What comes</h2>
      <ol className="space-y-2">
        <li className="flex flex-wrap gap-x-2">
          <PhaseMark phase={status.phase} />
          <span className="text-muted">
            {status.phase === "frozen" ? "now; using it goes on at once" : "now"}
            {lease ? `, at work: ${lease.what}` : ""}
          </span>
        </li>
        {ladder.map((rung) => (
          <li key={rung.what} className="flex flex-wrap gap-x-2">
            <PhaseMark phase={rung.what} />
            <span className="min-w-0 break-words text-muted">
              <Ago at={rung.at} />
              {rung.reason === "idle" ? " unless it is used: " : " whatever is done: "}
              {rung.why}
            </span>
          </li>
        ))}
      </ol>
      {ladder.length === 0 && <p className="mt-2 text-muted">It stays so until somebody stops it: no limit is set.</p>}
      {!status.freezable && <p className="mt-2 text-muted">Engine {engine} cannot freeze.</p>}
    </section>
  )
}
