import { useQuery } from "@tanstack/react-query"
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { useCallback } from "react"
import { sessionsQuery } from "@/api/queries"
import type { Phase, Session } from "@/api/types"
import { Choice } from "@/parts/field"
import { Listing } from "@/parts/listing"
import { Page } from "@/parts/page"
import { PhaseMark } from "@/parts/phase"
import type { Column } from "@/parts/rows"
import { Search } from "@/parts/search"
import { Empty } from "@/parts/states"
import { Ago } from "@/parts/time"
import { phases } from "@/router"
import { SessionMenu } from "@/session/menu"
import { plural } from "@/text/amounts"

const columns: Column<Session>[] = [
  {
    name: "Name",
    sort: "name",
    cell: (s) => (
      <Link to="/sessions/$id" params={{ id: s.id }} className="font-medium hover:underline">
        {s.name}
      </Link>
    ),
  },
  { name: "User", cell: (s) => s.user.name },
  { name: "Template", sort: "template", cell: (s) => s.templateName || s.template },
  {
    name: "State",
    sort: "phase",
    cell: (s) => (
      <>
        <PhaseMark phase={s.status.phase} />
        {s.status.phase === "failed" && (
          <span className="block max-w-80 truncate text-sm text-muted">{s.status.message}</span>
        )}
      </>
    ),
  },
  { name: "Engine", cell: (s) => s.engine },
  {
    name: "Last used",
    sort: "lastActiveAt",
    cell: (s) => (s.lastActive ? <Ago at={s.lastActive.at} /> : "–"),
  },
  {
    name: "Launched",
    sort: "createdAt",
    cell: (s) => <Ago at={s.createdAt} className="whitespace-nowrap" />,
  },
  { name: "Actions", cell: (s) => <SessionMenu session={s} />, className: "sm:text-right sm:py-1" },
]

export function AdminSessions() {
  const search = useSearch({ from: "/frame/admin/sessions" })
  const navigate = useNavigate({ from: "/admin/sessions" })
  const found = useQuery(sessionsQuery({ sort: "-createdAt", ...search, all: true, limit: 50 }))
  const find = useCallback(
    (q: string) =>
      void navigate({ search: (old) => ({ ...old, q: q || undefined, cursor: undefined }), replace: true }),
    [navigate],
  )
  const data = found.data
  return (
    <Page
      title="All sessions"
      name="All sessions · Admin"
      lead={data && plural(data.total, "session")}
      className="max-w-[1600px]"
      beside={
        <>
          <Choice
            aria-label="State"
            className="w-full sm:w-40"
            value={search.phase ?? ""}
            onChange={(e) =>
              void navigate({
                search: (old) => ({
                  ...old,
                  phase: (e.target.value as Phase) || undefined,
                  cursor: undefined,
                }),
              })
            }
          >
            <option value="">Any state</option>
            {phases.map((p) => (
              <option key={p} value={p}>
                {p}
              </option>
            ))}
          </Choice>
          <Search label="Search all sessions" value={search.q ?? ""} onChange={find} />
        </>
      }
    >
      <Listing
        label="Sessions"
        found={found}
        columns={columns}
        id={(s) => s.id}
        sort={search.sort ?? "-createdAt"}
        cursor={search.cursor}
        onSearch={(changes) => void navigate({ search: (old) => ({ ...old, ...changes }) })}
        empty={
          <Empty title={search.q || search.phase ? "No session matches" : "No sessions"}>
            {search.q || search.phase
              ? "Clear the search or the state to see all."
              : "Nobody has launched one yet."}
          </Empty>
        }
      />
    </Page>
  )
}
