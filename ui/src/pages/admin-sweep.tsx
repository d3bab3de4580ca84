import { useQuery, useQueryClient } from "@tanstack/react-query"
import { CircleAlert } from "lucide-react"
import { useState } from "react"
import { askSweep } from "@/api/actions"
import { sweepQuery } from "@/api/queries"
import type { Finding, Sweep } from "@/api/types"
import { Button } from "@/parts/button"
import { Confirm } from "@/parts/confirm"
import { Page } from "@/parts/page"
import { type Column, Rows } from "@/parts/rows"
import { Empty, Failed, Loading, sentence } from "@/parts/states"
import { Ago } from "@/parts/time"
import { plural } from "@/text/amounts"
import { isSweeping, keyOf, leftOf, sayMatter, sayPlan, sayRemedy, unseenOf } from "@/text/sweep"

const columns: Column<Finding>[] = [
  { name: "What", cell: (f) => <span className="font-medium">{sayMatter(f)}</span>, className: "sm:w-36" },
  {
    name: "Thing",
    cell: (f) => (
      <>
        <span className="text-muted">{f.kind} </span>
        <code className="font-mono text-sm break-all">{f.name}</code>
      </>
    ),
  },
  {
    name: "A sweep",
    cell: (f) => <span className={f.remedy === "report" ? "text-muted" : ""}>{sayRemedy(f)}</span>,
    className: "sm:w-40 sm:whitespace-nowrap",
  },
  { name: "Why", cell: (f) => <span className="text-muted">{sentence(f.why)}</span> },
]

/// What is in the engines and belongs to nobody, what rows say and is not there, and a way to have it put right.
export function AdminSweep() {
  const found = useQuery(sweepQuery())
  const cache = useQueryClient()
  const [asking, setAsking] = useState(false)
  const sweep = found.data
  const todo = sweep?.findings.filter((f) => f.remedy !== "report") ?? []
  const busy = !!sweep && isSweeping(sweep, Date.now())
  return (
    <Page
      title="Sweep"
      name="Sweep · Admin"
      lead="What engines and rows do not agree on. Looking changes nothing."
      beside={
        <>
          <Button busy={found.isFetching && !busy} onClick={() => void found.refetch()}>
            Look again
          </Button>
          <Button look="primary" busy={busy} disabled={todo.length === 0} onClick={() => setAsking(true)}>
            Sweep now
          </Button>
        </>
      }
    >
      {found.error && !sweep ? (
        <Failed error={found.error} retry={() => void found.refetch()} busy={found.isFetching} />
      ) : !sweep ? (
        <Loading what="Asking the engines" />
      ) : (
        <div className="space-y-6">
          <Away sweep={sweep} />
          {sweep.findings.length === 0 ? (
            <Empty title="Nothing to sweep">
              {sweep.away.length === 0
                ? "What is there and what the rows say agree."
                : "What the engines that answer have agrees with the rows."}
            </Empty>
          ) : (
            <section aria-label="Findings" className="space-y-2">
              <p>
                {plural(sweep.findings.length, "finding")}.{" "}
                {sayPlan(sweep.findings) || "A sweep leaves all of them alone."}
              </p>
              <Rows label="Findings" columns={columns} rows={sweep.findings} id={keyOf} stale={busy} />
            </section>
          )}
          <div role="status">
            <Last sweep={sweep} busy={busy} />
          </div>
        </div>
      )}
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title="Sweep now"
        verb="Sweep"
        action={askSweep}
        done={() => void cache.invalidateQueries({ queryKey: ["sweep"] })}
      >
        <p>{sayPlan(todo)}</p>
        <ul className="max-h-40 overflow-y-auto font-mono text-sm break-all">
          {todo.slice(0, 50).map((f) => (
            <li key={keyOf(f)}>{f.name}</li>
          ))}
        </ul>
        {todo.length > 50 && <p>{plural(todo.length - 50, "thing")} more.</p>}
        <p>Volumes, and what is not Berth's, are left alone.</p>
      </Confirm>
    </Page>
  )
}

function Away({ sweep }: { sweep: Sweep }) {
  if (sweep.away.length === 0) return null
  return (
    <ul className="space-y-2">
      {sweep.away.map((engine) => (
        <li key={engine.name} className="flex gap-2.5 rounded-md border border-failed px-3 py-2">
          <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-failed" />
          <p className="min-w-0 break-words">
            {`Engine ${engine.name} could not be looked at: ${engine.message}.`}
          </p>
        </li>
      ))}
    </ul>
  )
}

/// What the last sweep did, and what of it is still there.
function Last({ sweep, busy }: { sweep: Sweep; busy: boolean }) {
  if (sweep.asked) return <p className="text-muted">A sweep was asked for and begins soon …</p>
  if (!sweep.last) return null
  const left = leftOf(sweep).length
  const unseen = unseenOf(sweep).length
  const done = sweep.last.total - left - unseen
  return (
    <p className="text-muted">
      Last sweep by {sweep.last.ask.actor}, <Ago at={sweep.last.at} />:{" "}
      {sweep.last.total === 0 ? "nothing to do." : `${plural(done, "thing")} done.`}
      {unseen > 0 && ` ${plural(unseen, "thing")} cannot be seen now.`}
      {left > 0 && (busy ? ` ${left} under way …` : ` ${plural(left, "thing")} did not go.`)}
      {sweep.last.failed.length > 0 && ` Not swept: ${sweep.last.failed.join("; ")}.`}
    </p>
  )
}
