import { useQuery } from "@tanstack/react-query"
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { useCallback } from "react"
import { templatesQuery } from "@/api/queries"
import type { Template } from "@/api/types"
import { ButtonLink } from "@/parts/button"
import { Listing } from "@/parts/listing"
import { Page } from "@/parts/page"
import type { Column } from "@/parts/rows"
import { Search } from "@/parts/search"
import { Empty } from "@/parts/states"
import { Ago } from "@/parts/time"
import { plural } from "@/text/amounts"
import { sayImage } from "@/text/template"

const columns: Column<Template>[] = [
  {
    name: "Name",
    sort: "name",
    cell: (t) => (
      <Link to="/admin/templates/$name" params={{ name: t.name }} className="font-medium hover:underline">
        {t.name}
      </Link>
    ),
  },
  { name: "Shown as", cell: (t) => t.displayName },
  { name: "Category", sort: "category", cell: (t) => t.category || "–" },
  { name: "Revision", cell: (t) => t.revision },
  {
    name: "Image",
    cell: (t) => (
      <span className={t.image.state === "present" ? undefined : "text-waiting"} title={sayImage(t.image)}>
        {t.image.state}
      </span>
    ),
  },
  { name: "Updated", sort: "updatedAt", cell: (t) => <Ago at={t.updatedAt} className="whitespace-nowrap" /> },
]

export function AdminTemplates() {
  const search = useSearch({ from: "/frame/admin/templates" })
  const navigate = useNavigate({ from: "/admin/templates" })
  const found = useQuery(templatesQuery({ sort: "name", ...search, limit: 50 }))
  const find = useCallback(
    (q: string) =>
      void navigate({ search: (old) => ({ ...old, q: q || undefined, cursor: undefined }), replace: true }),
    [navigate],
  )
  const data = found.data
  return (
    <Page
      title="Templates"
      name="Templates · Admin"
      lead={data && plural(data.total, "template")}
      beside={
        <>
          <Search label="Search templates" value={search.q ?? ""} onChange={find} />
          <ButtonLink to="/admin/templates/$name" params={{ name: "new" }} look="primary">
            New template
          </ButtonLink>
        </>
      }
    >
      <Listing
        label="Templates"
        found={found}
        columns={columns}
        id={(t) => t.name}
        sort={search.sort ?? "name"}
        cursor={search.cursor}
        onSearch={(changes) => void navigate({ search: (old) => ({ ...old, ...changes }) })}
        empty={
          <Empty title={search.q ? `No template matches "${search.q}"` : "No templates"}>
            Write one here, or with: berth templates apply -f template.yaml
          </Empty>
        }
      />
    </Page>
  )
}
