import { useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useCallback } from "react"
import { auditQuery } from "@/api/queries"
import type { Event } from "@/api/types"
import { Choice } from "@/parts/field"
import { Listing } from "@/parts/listing"
import { Page } from "@/parts/page"
import type { Column } from "@/parts/rows"
import { Search } from "@/parts/search"
import { Empty } from "@/parts/states"
import { Ago } from "@/parts/time"
import { sayData, sayKind } from "@/text/event"

const columns: Column<Event>[] = [
  { name: "When", cell: (e) => <Ago at={e.at} className="whitespace-nowrap" />, className: "sm:w-32" },
  { name: "Who", cell: (e) => e.actor, className: "sm:w-40" },
  { name: "What", cell: (e) => <span title={e.kind}>{sayKind(e.kind)}</span>, className: "sm:w-44" },
  {
    name: "On",
    cell: (e) => (
      <>
        <span className="text-muted">{e.subjectKind} </span>
        <code className="font-mono text-sm break-all">{e.subject}</code>
      </>
    ),
  },
  { name: "Details", cell: (e) => <span className="text-muted">{sayData(e) || "–"}</span> },
]

const kinds = [
  "user.login",
  "user.logout",
  "user.created",
  "user.updated",
  "user.deleted",
  "user.tokenIssued",
  "user.tokenRevoked",
  "user.passwordChanged",
  "user.signInLink",
  "session.created",
  "session.woken",
  "session.frozen",
  "session.hibernated",
  "session.restarted",
  "session.renamed",
  "session.deleted",
  "template.created",
  "template.updated",
  "template.deleted",
  "workspace.created",
  "workspace.deleted",
  "quota.updated",
  "sweep.asked",
  "sweep.done",
]

/// Who did what, newest first.
export function AdminAudit() {
  const search = useSearch({ from: "/frame/admin/audit" })
  const navigate = useNavigate({ from: "/admin/audit" })
  const found = useQuery(auditQuery({ ...search, limit: 50 }))
  const find = useCallback(
    (actor: string) =>
      void navigate({
        search: (old) => ({ ...old, actor: actor || undefined, cursor: undefined }),
        replace: true,
      }),
    [navigate],
  )
  return (
    <Page
      title="Audit"
      name="Audit · Admin"
      lead="Who did what, newest first."
      beside={
        <>
          <Choice
            aria-label="Kind"
            className="w-full sm:w-44"
            value={search.kind ?? ""}
            onChange={(e) =>
              void navigate({
                search: (old) => ({ ...old, kind: e.target.value || undefined, cursor: undefined }),
              })
            }
          >
            <option value="">Anything</option>
            {kinds.map((k) => (
              <option key={k} value={k}>
                {sayKind(k)}
              </option>
            ))}
          </Choice>
          <Search label="Name of the actor" value={search.actor ?? ""} onChange={find} />
        </>
      }
    >
      <Listing
        label="Audit"
        found={found}
        columns={columns}
        id={(e) => String(e.sequence)}
        cursor={search.cursor}
        onSearch={(changes) => void navigate({ search: (old) => ({ ...old, ...changes }) })}
        empty={
          <Empty title={search.actor || search.kind ? "Nothing matches" : "Nothing yet"}>
            {search.actor || search.kind
              ? "Clear the name or the kind to see all."
              : "What people do is written here."}
          </Empty>
        }
      />
    </Page>
  )
}
