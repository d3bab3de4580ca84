import { useQuery } from "@tanstack/react-query"
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { useCallback } from "react"
import { templatesQuery } from "@/api/queries"
import type { Template } from "@/api/types"
import { ButtonLink } from "@/parts/button"
import { classes } from "@/parts/classes"
import { Page } from "@/parts/page"
import { Pager } from "@/parts/pager"
import { Progress } from "@/parts/progress"
import { Search } from "@/parts/search"
import { Empty, Failed, Loading } from "@/parts/states"
import { Tile } from "@/parts/tile"
import { plural } from "@/text/amounts"
import { sayImage, sayLimits } from "@/text/template"

const many = 200

export function Catalog() {
  const search = useSearch({ from: "/frame/catalog" })
  const navigate = useNavigate({ from: "/catalog" })
  const shown = useQuery(templatesQuery({ sort: "displayName", ...search, limit: 60 }))
  const all = useQuery(templatesQuery({ limit: many }))
  const categories = [...new Set((all.data?.items ?? []).map((t) => t.category).filter(Boolean))].sort()
  const find = useCallback(
    (q: string) =>
      void navigate({ search: (old) => ({ ...old, q: q || undefined, cursor: undefined }), replace: true }),
    [navigate],
  )

  return (
    <Page
      title="Catalog"
      lead={shown.data && plural(shown.data.total, "template")}
      beside={<Search label="Search templates" value={search.q ?? ""} onChange={find} />}
    >
      {categories.length > 1 && (
        <nav aria-label="Categories" className="mb-5 flex flex-wrap gap-1.5">
          <Category here={!search.category}>All</Category>
          {categories.map((c) => (
            <Category key={c} category={c} here={search.category === c}>
              {c}
            </Category>
          ))}
        </nav>
      )}
      {shown.error && !shown.data ? (
        <Failed error={shown.error} retry={() => void shown.refetch()} busy={shown.isFetching} />
      ) : !shown.data ? (
        <Loading what="Loading the catalog" />
      ) : shown.data.items.length === 0 ? (
        <Nothing asked={search.q ?? search.category} />
      ) : (
        <ul
          className={classes(
            "grid gap-4 sm:grid-cols-2 lg:grid-cols-3",
            shown.isPlaceholderData && "opacity-70",
          )}
          aria-label="Templates"
        >
          {shown.data.items.map((t) => (
            <Card key={t.name} template={t} />
          ))}
        </ul>
      )}
      <Pager
        cursor={search.cursor}
        next={shown.data?.next}
        onCursor={(cursor) => void navigate({ search: (old) => ({ ...old, cursor }) })}
      />
    </Page>
  )
}

function Category({ category, here, children }: { category?: string; here: boolean; children: string }) {
  return (
    <Link
      to="/catalog"
      search={(old) => ({ q: old.q, category })}
      aria-current={here ? "true" : undefined}
      className={classes(
        "inline-flex h-8 items-center rounded-full border px-3 text-sm",
        here
          ? "border-accent bg-tint font-medium text-accent"
          : "border-line bg-surface text-muted hover:bg-hover hover:text-text",
      )}
    >
      {children}
    </Link>
  )
}

function Nothing({ asked }: { asked?: string }) {
  if (asked) {
    return (
      <Empty
        title={`No template matches "${asked}"`}
        action={<ButtonLink to="/catalog">Show all</ButtonLink>}
      >
        Search looks at names, descriptions and tags.
      </Empty>
    )
  }
  return (
    <Empty title="The catalog is empty">
      An administrator adds templates under Admin, Templates, or with: berth templates apply -f template.yaml
    </Empty>
  )
}

function Card({ template }: { template: Template }) {
  const title = template.displayName || template.name
  const waits = sayImage(template.image)
  return (
    <li className="panel flex flex-col p-4">
      <div className="flex items-start gap-3">
        <Tile name={title} icon={template.icon} />
        <div className="min-w-0">
          <h2 className="font-semibold break-words">
            <Link to="/catalog/$name" params={{ name: template.name }} className="hover:underline">
              {title}
            </Link>
          </h2>
          <p className="text-sm text-muted">{template.category || "Other"}</p>
        </div>
      </div>
      <p className="mt-3 line-clamp-2 text-muted">{template.description}</p>
      <div className="mt-auto pt-4">
        {waits && (
          <div className="mb-3 space-y-1.5">
            <p className="line-clamp-2 text-sm break-words text-muted">
              <span className="font-medium text-waiting">
                {template.image.state === "pulling" ? "Image on its way" : "Image missing"}
              </span>
              {` · ${waits}`}
            </p>
            {template.image.state === "pulling" && (
              <Progress label={`Image of ${title}`} share={template.image.progress} />
            )}
          </div>
        )}
        <div className="flex items-end justify-between gap-3">
          <p className="text-sm text-muted">{sayLimits(template.spec)}</p>
          <ButtonLink
            to="/launch"
            search={{ template: template.name }}
            look="primary"
            size="small"
            aria-label={waits ? `Launch ${title}, waits for its image` : `Launch ${title}`}
          >
            Launch
          </ButtonLink>
        </div>
      </div>
    </li>
  )
}
