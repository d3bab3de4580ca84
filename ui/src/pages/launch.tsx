import { useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { type FormEvent, useMemo, useState } from "react"
import { launch } from "@/api/actions"
import { idempotencyKey } from "@/api/client"
import { meQuery, sessionsQuery, templateQuery, workspacesQuery } from "@/api/queries"
import type { Me, Session, Template, Workspace } from "@/api/types"
import { useAct } from "@/parts/act"
import { Button, ButtonLink } from "@/parts/button"
import { Choice, Field, TextInput } from "@/parts/field"
import { Page } from "@/parts/page"
import { Empty, Failed, Loading, ProblemNote, sentence } from "@/parts/states"
import { Tile } from "@/parts/tile"
import { say } from "@/parts/toast"
import { overQuota, Quota } from "@/session/quota"
import { sayBytes, sayCpu } from "@/text/amounts"
import { nameProblem } from "@/text/name"
import { keeps, sayImage, sayMounts, takes } from "@/text/template"

/// Asks before anything starts, also when a link from elsewhere led here.
export function LaunchPage() {
  const search = useSearch({ from: "/frame/launch" })
  const template = useQuery({ ...templateQuery(search.template ?? ""), enabled: !!search.template })
  const me = useQuery(meQuery())
  const workspaces = useQuery({
    ...workspacesQuery({ template: search.template, limit: 200 }),
    enabled: !!search.template,
  })
  const sessions = useQuery({
    ...sessionsQuery({ q: search.template, limit: 200 }),
    enabled: !!search.template,
  })
  const title = template.data?.displayName || search.template
  const error = template.error ?? workspaces.error ?? sessions.error
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
          retry={() => void Promise.all([template.refetch(), workspaces.refetch(), sessions.refetch()])}
          busy={template.isFetching}
        />
      ) : !template.data || !me.data || !workspaces.data || !sessions.data ? (
        <Loading what="Loading the template" />
      ) : (
        <Form
          key={search.template}
          template={template.data}
          me={me.data}
          workspaces={workspaces.data.items}
          sessions={sessions.data.items}
          name={search.name}
          workspace={search.workspace}
        />
      )}
    </Page>
  )
}

interface FormProps {
  template: Template
  me: Me
  workspaces: Workspace[]
  sessions: Session[]
  name?: string
  workspace?: string
}

const fresh = ""

function Form({ template, me, workspaces, sessions, ...asked }: FormProps) {
  const navigate = useNavigate()
  const [typed, setTyped] = useState(
    () => asked.name ?? freeName(template.name, [...sessions, ...workspaces]),
  )
  const name = typed.trim()
  const [workspace, setWorkspace] = useState(
    () =>
      (workspaces.find((w) => w.name === asked.workspace && free(w)) ?? lastUsed(workspaces))?.id ?? fresh,
  )
  // The same wish sent twice is one launch.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another wish has another key
  const key = useMemo(idempotencyKey, [name, workspace])
  const [tried, setTried] = useState(false)
  const kept = keeps(template.spec) > 0
  const anew = freeName(name, workspaces)
  const start = useAct({
    mutationFn: () =>
      launch(
        // By its name: one that is left from an earlier session of this name is not taken for a new one.
        { template: template.name, name, workspace: workspace || (kept ? anew : undefined) },
        key,
      ),
    onSuccess: async (session) => {
      say(`Launching ${session.name}`)
      await navigate({ to: "/sessions/$id", params: { id: session.id } })
    },
  })
  const wrong = nameProblem(name)
  const taken = {
    ...takes(template.spec),
    running: 1,
    sessions: 1,
    workspaces: kept && workspace === fresh ? 1 : 0,
  }
  const waits = sayImage(template.image)
  const over = overQuota(me.quota, taken)

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    setTried(true)
    if (wrong) return event.currentTarget.querySelector("input")?.focus()
    start.mutate()
  }

  return (
    <form onSubmit={submit} noValidate className="grid items-start gap-6 lg:grid-cols-[3fr_2fr]">
      <div className="panel space-y-5 px-5 py-5">
        <Field
          label="Name"
          hint="Part of its address. You can rename it later."
          error={tried ? wrong : undefined}
        >
          <TextInput
            value={typed}
            onChange={(e) => setTyped(e.target.value)}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            required
          />
        </Field>
        {kept ? (
          <Field
            label="Workspace"
            hint={
              <WorkspaceHint
                template={template}
                name={anew}
                chosen={workspaces.find((w) => w.id === workspace)}
              />
            }
          >
            <Choice value={workspace} onChange={(e) => setWorkspace(e.target.value)}>
              <option value={fresh}>New workspace{name ? `: ${anew}` : ""}</option>
              {workspaces.map((w) => (
                <option key={w.id} value={w.id} disabled={!free(w)}>
                  {w.name}
                  {free(w) ? "" : ` (in use by ${w.sessions.map((s) => s.name).join(", ")})`}
                </option>
              ))}
            </Choice>
          </Field>
        ) : (
          <p className="text-muted">This template has no workspace: its files go when the session stops.</p>
        )}
        {waits && (
          <p className="rounded-md border border-waiting px-3 py-2">
            {sentence(waits)} The session waits for it and starts by itself.
          </p>
        )}
        {over.length > 0 && (
          <p className="rounded-md border border-waiting px-3 py-2">
            Over your quota: {over.join(", ")}. Hibernate or delete a session first.
          </p>
        )}
        {start.error && <ProblemNote error={start.error} />}
        <div className="flex gap-2">
          <Button type="submit" look="primary" busy={start.isPending}>
            Launch
          </Button>
          <ButtonLink to="/catalog/$name" params={{ name: template.name }}>
            Cancel
          </ButtonLink>
        </div>
      </div>
      <section aria-label="Quota" className="panel px-5 py-5">
        <h2 className="font-semibold">What it takes</h2>
        <p className="mt-1 mb-4 text-muted">
          {`${sayCpu(taken.cpu)} and ${sayBytes(taken.memory)} while it runs. The bars show your quota with this session.`}
        </p>
        <div className="[&>div]:sm:grid-cols-1">
          <Quota quota={me.quota} taking={taken} />
        </div>
      </section>
    </form>
  )
}

function free(w: Workspace): boolean {
  return w.sessions.length === 0
}

/// Whoever comes back wants the files of the last time.
function lastUsed(workspaces: Workspace[]): Workspace | undefined {
  const when = (w: Workspace) => w.lastUsedAt ?? w.createdAt
  return workspaces.filter(free).sort((a, b) => when(b).localeCompare(when(a)))[0]
}

/// The name itself, else with -2, -3…: a new workspace is named like its session.
function freeName(base: string, taken: { name: string }[]): string {
  const names = new Set(taken.map((t) => t.name))
  let name = base
  for (let n = 2; names.has(name); n++) name = `${base}-${n}`
  return name
}

function WorkspaceHint({ template, name, chosen }: { template: Template; name: string; chosen?: Workspace }) {
  const kept = template.spec.volumes.filter((v) => v.scope === "workspace")
  const where = kept
    .map((v) => sayMounts(template.spec, v.name))
    .filter(Boolean)
    .join(", ")
  return (
    <>
      {chosen
        ? `Goes on with the files in ${chosen.name}.`
        : `Makes workspace ${name || "named like the session"}, empty.`}{" "}
      {where && `Kept: ${where}. `}It outlives the session.
    </>
  )
}
