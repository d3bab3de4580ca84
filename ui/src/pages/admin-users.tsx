import { useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useCallback, useState } from "react"
import { AddUser } from "@/admin/add-user"
import { UserActions } from "@/admin/user-actions"
import { usersQuery } from "@/api/queries"
import type { User } from "@/api/types"
import { Button } from "@/parts/button"
import { Listing } from "@/parts/listing"
import { Page } from "@/parts/page"
import type { Column } from "@/parts/rows"
import { Search } from "@/parts/search"
import { Empty } from "@/parts/states"
import { Ago } from "@/parts/time"
import { plural } from "@/text/amounts"

const columns: Column<User>[] = [
  {
    name: "Name",
    sort: "name",
    cell: (u) => (
      <>
        <span className="font-medium">{u.name}</span>
        {u.displayName && u.displayName !== u.name && <span className="text-muted"> {u.displayName}</span>}
      </>
    ),
  },
  { name: "Mail", cell: (u) => u.email || "–" },
  { name: "Role", sort: "role", cell: (u) => (u.role === "admin" ? "administrator" : "user") },
  { name: "Tier", cell: (u) => u.tier || "–" },
  { name: "State", cell: (u) => (u.active ? "active" : <span className="text-muted">deactivated</span>) },
  {
    name: "Last sign-in",
    sort: "lastLoginAt",
    cell: (u) => (u.lastLoginAt ? <Ago at={u.lastLoginAt} /> : "never"),
  },
  { name: "Actions", cell: (u) => <UserActions user={u} />, className: "sm:text-right sm:py-1" },
]

export function AdminUsers() {
  const search = useSearch({ from: "/frame/admin/users" })
  const navigate = useNavigate({ from: "/admin/users" })
  const [adding, setAdding] = useState(false)
  const found = useQuery(usersQuery({ sort: "name", ...search, limit: 50 }))
  const find = useCallback(
    (q: string) =>
      void navigate({ search: (old) => ({ ...old, q: q || undefined, cursor: undefined }), replace: true }),
    [navigate],
  )
  const data = found.data
  return (
    <Page
      title="Users"
      name="Users · Admin"
      lead={data && plural(data.total, "user")}
      beside={
        <>
          <Search label="Search users" value={search.q ?? ""} onChange={find} />
          <Button look="primary" onClick={() => setAdding(true)}>
            Add a user
          </Button>
        </>
      }
    >
      <Listing
        label="Users"
        found={found}
        columns={columns}
        id={(u) => u.id}
        sort={search.sort ?? "name"}
        cursor={search.cursor}
        onSearch={(changes) => void navigate({ search: (old) => ({ ...old, ...changes }) })}
        empty={
          <Empty title={search.q ? `No user matches "${search.q}"` : "No users"}>
            Add one; they sign in by a link that you pass on.
          </Empty>
        }
      />
      {adding && <AddUser onClose={() => setAdding(false)} />}
    </Page>
  )
}
