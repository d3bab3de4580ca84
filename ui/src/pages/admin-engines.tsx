import { useQuery } from "@tanstack/react-query"
import { CircleCheck, CircleX } from "lucide-react"
import { checkEngines } from "@/api/actions"
import { enginesQuery } from "@/api/queries"
import type { Check } from "@/api/types"
import { useAct } from "@/parts/act"
import { Button } from "@/parts/button"
import { Page } from "@/parts/page"
import { Empty, Failed, Loading, ProblemNote, sentence } from "@/parts/states"
import { plural } from "@/text/amounts"

/// Where sessions run, whether it answers, and what is wrong when it does not.
export function AdminEngines() {
  const engines = useQuery(enginesQuery())
  const check = useAct({ mutationFn: checkEngines })
  return (
    <Page
      title="Engines"
      name="Engines · Admin"
      lead="Where sessions run."
      beside={
        <Button look="primary" busy={check.isPending} onClick={() => check.mutate()}>
          Check now
        </Button>
      }
    >
      {engines.error && !engines.data ? (
        <Failed error={engines.error} retry={() => void engines.refetch()} busy={engines.isFetching} />
      ) : !engines.data ? (
        <Loading what="Loading engines" />
      ) : engines.data.length === 0 ? (
        <Empty title="No engine">
          Sessions cannot run. Name an engine in the configuration; berth doctor says what is there.
        </Empty>
      ) : (
        <ul className="panel divide-y divide-line" aria-label="Engines">
          {engines.data.map((e) => (
            <li key={e.name} className="px-4 py-3">
              <h2 className="flex items-center gap-2 font-medium">
                <Mark good={e.up} />
                {e.name}
                <span className={e.up ? "text-running" : "text-failed"}>{e.up ? "up" : "down"}</span>
              </h2>
              {e.message && <p className="mt-0.5 break-words text-muted">{sentence(e.message)}</p>}
            </li>
          ))}
        </ul>
      )}
      <div role="status" className="mt-6">
        {check.isPending && <p className="text-muted">Checking …</p>}
        {check.data && <Checks checks={check.data.checks} />}
      </div>
      {check.error && <ProblemNote error={check.error} />}
    </Page>
  )
}

function Checks({ checks }: { checks: Check[] }) {
  const failed = checks.filter((c) => !c.passed).length
  return (
    <section aria-label="Checks">
      <h2 className="mb-2 font-semibold">
        {failed === 0 ? "All checks passed" : `${plural(failed, "check")} failed`}
      </h2>
      <ul className="panel divide-y divide-line">
        {[...checks]
          .sort((a, b) => Number(a.passed) - Number(b.passed))
          .map((c) => (
            <li key={`${c.engine} ${c.name}`} className="flex gap-2.5 px-4 py-2.5">
              <Mark good={c.passed} />
              <div className="min-w-0 break-words">
                <p>
                  <span className="font-medium">{c.name}</span>
                  <span className="sr-only">{c.passed ? " passed" : " failed"}</span>
                  <span className="text-muted">{` · ${c.engine}`}</span>
                </p>
                {c.message && <p className="text-muted">{sentence(c.message)}</p>}
                {!c.passed && c.fix && <p>{sentence(c.fix)}</p>}
              </div>
            </li>
          ))}
      </ul>
    </section>
  )
}

function Mark({ good }: { good: boolean }) {
  const Icon = good ? CircleCheck : CircleX
  return (
    <Icon
      aria-hidden
      className={good ? "mt-0.5 size-4 shrink-0 text-running" : "mt-0.5 size-4 shrink-0 text-failed"}
    />
  )
}
