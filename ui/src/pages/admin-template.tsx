import { useQuery, useQueryClient } from "@tanstack/react-query"
import { useNavigate, useParams } from "@tanstack/react-router"
import { useEffect, useRef, useState } from "react"
import { type Editor, openEditor } from "@/admin/editor"
import { Revisions } from "@/admin/revisions"
import { createTemplate, deleteTemplate, dryRunTemplate, saveTemplate } from "@/api/actions"
import { templateQuery } from "@/api/queries"
import type { DryRun, Template } from "@/api/types"
import { useAct } from "@/parts/act"
import { Button, ButtonLink } from "@/parts/button"
import { Confirm } from "@/parts/confirm"
import { Page } from "@/parts/page"
import { Failed, Loading, ProblemNote, sentence } from "@/parts/states"
import { say } from "@/parts/toast"
import { plural } from "@/text/amounts"
import { toYaml } from "@/text/yaml"

const first = `apiVersion: berth.dev/v1alpha1
kind: Template
metadata:
  name: shell
spec:
  displayName: Shell
  description: A shell with a home of its own
  category: Basics
  components:
    - name: main
      image: localhost/berth/terminal:1
      resources: {cpu: 500m, memory: 512Mi}
      mounts: [{volume: home, path: /home/berth}]
  volumes:
    - {name: home, scope: workspace, size: 5Gi}
  access:
    - {name: shell, component: main, kind: terminal, default: true}
`

/// A template as its YAML: checked without being saved, saved as a new revision.
export function AdminTemplate() {
  const { name } = useParams({ from: "/frame/admin/templates/$name" })
  const making = name === "new"
  const found = useQuery({ ...templateQuery(name), enabled: !making })
  const title = making ? "New template" : name
  return (
    <Page
      title={title}
      name={`${title} · Templates · Admin`}
      crumbs={[{ label: "Templates", to: "/admin/templates" }]}
      lead={found.data && `Revision ${found.data.revision}. Saving makes a new one; sessions keep theirs.`}
      beside={
        !making && (
          <ButtonLink to="/catalog/$name" params={{ name }}>
            In the catalog
          </ButtonLink>
        )
      }
    >
      {making ? (
        <Document key="new" text={first} />
      ) : found.error && !found.data ? (
        <Failed error={found.error} retry={() => void found.refetch()} busy={found.isFetching} />
      ) : !found.data ? (
        <Loading what="Loading the template" />
      ) : (
        <>
          <Document key={name} template={found.data} text={toYaml(documentOf(found.data))} />
          <Revisions name={name} />
        </>
      )}
    </Page>
  )
}

function documentOf({ name, spec }: Template) {
  return { apiVersion: "berth.dev/v1alpha1", kind: "Template", metadata: { name }, spec: withoutEmpty(spec) }
}

const optional = ["icon", "category", "description", "tags", "env", "ports", "mounts", "volumes"]

/// Leaves out what says nothing, which the server fills in again.
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty)
  if (value === null || typeof value !== "object") return value
  const kept = Object.entries(value).filter(
    ([key, v]) => !optional.includes(key) || Object.keys(v).length > 0,
  )
  return Object.fromEntries(kept.map(([key, v]) => [key, withoutEmpty(v)]))
}

function nameIn(yaml: string): string {
  return /^metadata:\s*(?:\{\s*name:\s*|\n\s+name:\s*)["']?([A-Za-z0-9-]+)/m.exec(yaml)?.[1] ?? "new"
}

function Document({ template, text }: { template?: Template; text: string }) {
  const place = useRef<HTMLDivElement>(null)
  const editor = useRef<Editor>(undefined)
  const navigate = useNavigate()
  const cache = useQueryClient()
  const [deleting, setDeleting] = useState(false)
  const read = () => editor.current?.read() ?? text
  const check = useAct({ mutationFn: () => dryRunTemplate(template?.name ?? nameIn(read()), read()) })
  const save = useAct({
    mutationFn: () => (template ? saveTemplate(template.name, read()) : createTemplate(read())),
    onSuccess: async (saved) => {
      say(`Saved ${saved.name}, revision ${saved.revision}`)
      cache.setQueryData(["template", saved.name], saved)
      await cache.invalidateQueries({ queryKey: ["templates"] })
      await cache.invalidateQueries({ queryKey: ["template", saved.name, "revisions"] })
      if (!template) await navigate({ to: "/admin/templates/$name", params: { name: saved.name } })
    },
  })
  const { reset: forgetCheck } = check
  const begin = useRef(text)

  useEffect(() => {
    if (!place.current) return
    const opened = openEditor(place.current, begin.current, "Template as YAML", forgetCheck)
    editor.current = opened
    return () => opened.close()
  }, [forgetCheck])

  return (
    <div className="space-y-3">
      <div ref={place} className="panel h-[32rem] overflow-hidden" />
      <p className="text-sm text-muted">Tab indents. Esc, then Tab leaves the editor.</p>
      <div className="flex flex-wrap gap-2">
        <Button look="primary" busy={save.isPending} onClick={() => save.mutate()}>
          {template ? "Save a new revision" : "Create template"}
        </Button>
        <Button busy={check.isPending} onClick={() => check.mutate()}>
          Check
        </Button>
        {template && (
          <Button className="ml-auto" onClick={() => setDeleting(true)}>
            Delete template
          </Button>
        )}
      </div>
      <div role="status">{check.data && <Checked result={check.data} />}</div>
      {(check.error ?? save.error) && <ProblemNote error={check.error ?? save.error} />}
      {template && (
        <Confirm
          open={deleting}
          onOpenChange={setDeleting}
          title={`Delete template ${template.name}`}
          verb="Delete template"
          action={() => deleteTemplate(template.name)}
          done={() => {
            say(`Deleted template ${template.name}`)
            void navigate({ to: "/admin/templates" })
          }}
        >
          <p>Lost: its place in the catalog. Nobody can launch it any more.</p>
          <p>Kept: sessions that run it, and all workspaces.</p>
        </Confirm>
      )}
    </div>
  )
}

function Checked({ result }: { result: DryRun }) {
  if (result.valid && result.problems.length === 0)
    return <p className="text-running">Valid. Nothing was saved.</p>
  return (
    <div className="rounded-md border border-failed px-4 py-3">
      <p className="font-medium">
        {result.valid
          ? "Valid, with remarks"
          : `${plural(result.problems.length, "problem")}. Nothing was saved.`}
      </p>
      <ul className="mt-2 space-y-2">
        {result.problems.map((p) => (
          <li key={`${p.path} ${p.message}`} className="break-words">
            {p.path && <code className="mr-2 font-mono text-sm">{p.path}</code>}
            {sentence(p.message)}
            {p.next && <span className="text-muted"> {sentence(p.next)}</span>}
          </li>
        ))}
      </ul>
    </div>
  )
}
