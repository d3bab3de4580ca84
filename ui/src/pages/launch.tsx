import { useQuery } from "@tanstack/react-query"
import { useSearch } from "@tanstack/react-router"
import { meQuery, needsQuery, sessionsQuery, templateQuery, workspacesQuery } from "@/api/queries"
import { ButtonLink } from "@/parts/button"
import { Page } from "@/parts/page"
import { Empty, Failed, Loading } from "@/parts/states"
import { Tile } from "@/parts/tile"
import { LaunchForm } from "@/session/launch-form"

/// Asks before anything starts, also when a link from elsewhere led here.
export function LaunchPage() {
  const search = useSearch({ from: "/frame/launch" })
  const template = useQuery({ ...templateQuery(search.template ?? ""), enabled: !!search.template })
  // What is left is judged by what is used now.
  const me = useQuery({ ...meQuery(), refetchOnMount: "always" })
  const workspaces = useQuery({
    ...workspacesQuery({ sort: "-lastUsedAt", limit: 200 }),
    enabled: !!search.template,
  })
  const sessions = useQuery({
    ...sessionsQuery({ q: search.template, limit: 200 }),
    enabled: !!search.template,
  })
  const needs = useQuery({ ...needsQuery(search.template ?? ""), enabled: !!search.template })
  const title = template.data?.displayName || search.template
  // What is typed stays when something cannot be asked for again.
  const error = [template, workspaces, sessions, me, needs].find((asked) => !asked.data && asked.error)?.error
  return (
    <Page
      title={title ? `Launch ${title}` : "Launch"}
      crumbs={[
        { label: "Catalog", to: "/catalog" },
        ...(search.template && title ? [{ label: title, to: `/catalog/${search.template}` }] : []),
      ]}
      mark={template.data && <Tile name={title ?? ""} icon={template.data.icon} />}
      lead={template.data?.description}
    >
      {!search.template ? (
        <Empty
          title="Which template"
          action={
            <ButtonLink to="/catalog" look="primary">
              Open the catalog
            </ButtonLink>
          }
        >
          This address names no template.
        </Empty>
      ) : error ? (
        <Failed
          error={error}
          retry={() =>
            void Promise.all([template, workspaces, sessions, me, needs].map((asked) => asked.refetch()))
          }
          busy={template.isFetching}
        />
      ) : !template.data || !me.data || !workspaces.data || !sessions.data || !needs.data ? (
        <Loading what="Loading the template" />
      ) : (
        <LaunchForm
          key={search.template}
          template={template.data}
          me={me.data}
          needs={needs.data.items}
          workspaces={workspaces.data.items}
          sessions={sessions.data.items}
          name={search.name}
          workspace={search.workspace}
        />
      )}
    </Page>
  )
}
