import { useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useCallback } from "react"
import { meQuery, sessionsQuery } from "@/api/queries"
import type { Session } from "@/api/types"
import { ButtonLink } from "@/parts/button"
import { Page } from "@/parts/page"
import { Search } from "@/parts/search"
import { Empty, Failed, Loading } from "@/parts/states"
import { Quota, Shares } from "@/session/quota"
import { SessionRow } from "@/session/row"
import { plural } from "@/text/amounts"
import { isLive } from "@/text/phase"

const shownAtOnce = 200
const searchFrom = 9

/// What is mine and what state it is in.
export function Home() {
  const { q } = useSearch({ from: "/frame/" })
  const navigate = useNavigate()
  const sessions = useQuery(sessionsQuery({ q, limit: shownAtOnce, sort: "-createdAt" }))
  const find = useCallback(
    (text: string) => void navigate({ to: "/", search: { q: text || undefined }, replace: true }),
    [navigate],
  )
  const total = sessions.data?.total ?? 0
  const items = sessions.data?.items ?? []
  const live = items.filter((s) => isLive(s.status.phase))
  const stopped = items.filter((s) => !isLive(s.status.phase)).sort(failedFirst)

  return (
    <Page
      title="Home"
      beside={
        <ButtonLink to="/catalog" look="plain">
          Launch a session
        </ButtonLink>
      }
    >
      <div className="space-y-8">
        {(total >= searchFrom || q) && <Search label="Search sessions" value={q ?? ""} onChange={find} />}
        {sessions.error && !sessions.data ? (
          <Failed error={sessions.error} retry={() => void sessions.refetch()} busy={sessions.isFetching} />
        ) : !sessions.data ? (
          <Loading what="Loading sessions" />
        ) : items.length === 0 ? (
          <Nothing q={q} />
        ) : (
          <>
            <Sessions
              title="Running"
              sessions={live}
              none="Nothing runs. Open a stopped session to wake it."
            />
            <Sessions title="Stopped" sessions={stopped} />
            {total > items.length && (
              <p className="text-muted">
                Showing the newest {items.length} of {plural(total, "session")}. Search to find the others.
              </p>
            )}
          </>
        )}
        <MyQuota />
      </div>
    </Page>
  )
}

function failedFirst(a: Session, b: Session): number {
  return Number(b.status.phase === "failed") - Number(a.status.phase === "failed")
}

function Nothing({ q }: { q?: string }) {
  if (q) return <Empty title={`No session matches "${q}"`}>Search looks at names. Clear it to see all.</Empty>
  return (
    <Empty
      title="No sessions yet"
      action={
        <ButtonLink to="/catalog" look="primary">
          Open the catalog
        </ButtonLink>
      }
    >
      A session is a shell, notebook, IDE or desktop of your own. Pick a template and launch one.
    </Empty>
  )
}

function Sessions({ title, sessions, none }: { title: string; sessions: Session[]; none?: string }) {
  if (sessions.length === 0 && !none) return null
  return (
    <section aria-label={title}>
      <h2 className="mb-2 font-semibold">
        {title} <span className="font-normal text-muted">{sessions.length}</span>
      </h2>
      {sessions.length === 0 ? (
        <p className="text-muted">{none}</p>
      ) : (
        <ul className="panel divide-y divide-line">
          {sessions.map((s) => (
            <SessionRow key={s.id} session={s} />
          ))}
        </ul>
      )}
    </section>
  )
}

function MyQuota() {
  const me = useQuery(meQuery())
  if (!me.data) return null
  return (
    <section aria-label="Quota">
      <h2 className="mb-2 font-semibold">Quota</h2>
      <div className="panel px-4 py-4">
        <Quota quota={me.data.quota} />
        <Shares of={me.data} />
      </div>
    </section>
  )
}
