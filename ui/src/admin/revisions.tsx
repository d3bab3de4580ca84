import { useQuery } from "@tanstack/react-query"
import { revisionsQuery } from "@/api/queries"
import type { Revision } from "@/api/types"
import { type Column, Rows } from "@/parts/rows"
import { Failed, Loading } from "@/parts/states"
import { Ago } from "@/parts/time"
import { toYaml } from "@/text/yaml"

const columns: Column<Revision>[] = [
  { name: "Revision", cell: (r) => <span className="font-medium">{r.revision}</span>, className: "sm:w-24" },
  {
    name: "Saved",
    cell: (r) => <Ago at={r.createdAt} className="whitespace-nowrap" />,
    className: "sm:w-36",
  },
  { name: "Images", cell: (r) => <Images revision={r} /> },
  { name: "Text", cell: (r) => <Text revision={r} /> },
]

/// What the template was, revision by revision, with the images fixed to what they were.
export function Revisions({ name }: { name: string }) {
  const found = useQuery(revisionsQuery(name))
  return (
    <section aria-label="Revisions" className="mt-8">
      <h2 className="font-semibold">Revisions</h2>
      <p className="mb-2 max-w-prose text-sm text-muted">
        The first session of a revision fixes which image a name means. An image that only a cluster's nodes
        have goes by its name.
      </p>
      {found.error && !found.data ? (
        <Failed error={found.error} retry={() => void found.refetch()} busy={found.isFetching} />
      ) : !found.data ? (
        <Loading what="Loading revisions" />
      ) : (
        <Rows
          label="Revisions"
          columns={columns}
          rows={[...found.data.items].sort((a, b) => b.revision - a.revision)}
          id={(r) => String(r.revision)}
        />
      )}
    </section>
  )
}

function Images({ revision }: { revision: Revision }) {
  return [...new Set(revision.spec.components.map((c) => c.image))].map((image) => (
    <span key={image} className="block">
      <code className="font-mono text-sm break-all">{image}</code>
      <span className="block text-sm text-muted" title={revision.digests[image]}>
        {revision.digests[image]?.slice(0, 19) ?? "not fixed"}
      </span>
    </span>
  ))
}

function Text({ revision }: { revision: Revision }) {
  return (
    <details>
      <summary className="min-h-6 cursor-pointer">Show</summary>
      <pre className="mt-1 max-w-[34rem] overflow-x-auto font-mono text-xs">{toYaml(revision.spec)}</pre>
    </details>
  )
}
