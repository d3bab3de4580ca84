import { useNavigate } from "@tanstack/react-router"
import { type FormEvent, useId, useMemo, useState } from "react"
import { launch } from "@/api/actions"
import { idempotencyKey } from "@/api/client"
import type { Me, Need, Session, Template, Workspace } from "@/api/types"
import { useAct } from "@/parts/act"
import { Button, ButtonLink } from "@/parts/button"
import { Choice, Field, TextInput } from "@/parts/field"
import { ProblemNote, sentence } from "@/parts/states"
import { useNow } from "@/parts/time"
import { say } from "@/parts/toast"
import { Needs } from "@/session/needs"
import { canWait, OverQuota, overQuota, Quota } from "@/session/quota"
import { sayBytes, sayCpu } from "@/text/amounts"
import { nameProblem } from "@/text/name"
import { missingNeeds, openNeeds } from "@/text/needs"
import { keeps, sayImage, sayMounts, takes } from "@/text/template"
import { sayRelative } from "@/text/time"

interface LaunchFormProps {
  template: Template
  me: Me
  /// What of one's own the template asks for.
  needs: Need[]
  /// All of one's own, those used last first.
  workspaces: Workspace[]
  sessions: Session[]
  name?: string
  workspace?: string
}

const fresh = ""

/// What a launch asks: a name, and which files. Without a choice the files are those that the command line and the API
/// take: the free workspace of this template that is named like the session, else a new one.
export function LaunchForm({ template, me, needs, workspaces, sessions, ...asked }: LaunchFormProps) {
  const navigate = useNavigate()
  const why = useId()
  const now = useNow()
  const [typed, setTyped] = useState(
    () => asked.name ?? freeName(template.name, [...sessions, ...workspaces]),
  )
  const name = typed.trim()
  const own = workspaces.filter((w) => w.template === template.name)
  const [chosen, setChosen] = useState(() => own.find((w) => w.name === asked.workspace && free(w))?.id)
  const workspace = chosen ?? own.find((w) => w.name === name && free(w))?.id ?? fresh
  // The same wish sent twice is one launch.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another wish has another key
  const key = useMemo(idempotencyKey, [name, workspace, needs])
  const [tried, setTried] = useState(false)
  const [agreed, setAgreed] = useState(false)
  const kept = keeps(template.spec) > 0
  const anew = freeName(name, workspaces)
  const start = useAct({
    mutationFn: () =>
      launch(
        // By its name: one that is left from an earlier session of this name is not taken for a new one.
        {
          template: template.name,
          name,
          workspace: workspace || (kept ? anew : undefined),
          consent: asks.length > 0 ? asks : undefined,
        },
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
    storage: kept && workspace === fresh ? keeps(template.spec) : 0,
  }
  const asks = openNeeds(needs)
  const missing = missingNeeds(needs)
  const waits = sayImage(template.image)
  const over = overQuota(me.quota, taken).length > 0
  const queued = over && template.spec.queue && canWait(me.quota, taken)

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    setTried(true)
    if (missing.length > 0 || (asks.length > 0 && !agreed)) return
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
            autoFocus
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
            hint={<WorkspaceHint template={template} name={anew} own={own} chosen={workspace} />}
          >
            <Choice value={workspace} onChange={(e) => setChosen(e.target.value)}>
              <option value={fresh}>New workspace{name ? `: ${anew}` : ""}</option>
              {own.map((w) => (
                <option key={w.id} value={w.id} disabled={!free(w)}>
                  {`${w.name}, ${sayUse(w, now)}`}
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
        <Needs
          asks={asks}
          missing={missing}
          agreed={agreed}
          setAgreed={setAgreed}
          tried={tried}
          template={template.displayName || template.name}
        />
        {over && <OverQuota id={why} quota={me.quota} taking={taken} />}
        {queued && <p>It waits for its turn and starts by itself as soon as there is room.</p>}
        {start.error && <ProblemNote error={start.error} />}
        <div className="flex gap-2">
          <Button
            type="submit"
            look="primary"
            busy={start.isPending}
            disabled={(over && !queued) || missing.length > 0}
            aria-describedby={over ? why : undefined}
          >
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
          {`${sayCpu(taken.cpu)} and ${sayBytes(taken.memory)} while it runs. The bars show what is in use, what this session adds, and your limit.`}
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

function sayUse(w: Workspace, now: number): string {
  if (!free(w)) return `in use by ${w.sessions.map((s) => s.name).join(", ")}`
  return w.lastUsedAt ? `last used ${sayRelative(w.lastUsedAt, now)}` : "never used"
}

/// The name itself, else with -2, -3…: a new workspace is named like its session.
function freeName(base: string, taken: { name: string }[]): string {
  const names = new Set(taken.map((t) => t.name))
  let name = base
  for (let n = 2; names.has(name); n++) name = `${base}-${n}`
  return name
}

interface WorkspaceHintProps {
  template: Template
  name: string
  own: Workspace[]
  chosen: string
}

function WorkspaceHint({ template, name, own, chosen }: WorkspaceHintProps) {
  const where = template.spec.volumes
    .filter((v) => v.scope === "workspace")
    .map((v) => sayMounts(template.spec, v.name))
    .filter(Boolean)
    .join(", ")
  const files = own.find((w) => w.id === chosen)
  const others = own.filter(free).map((w) => w.name)
  return (
    <>
      {files
        ? `Goes on with the files in ${files.name}. `
        : `Makes workspace ${name || "named like the session"}, empty. `}
      {where && `Kept: ${where}. `}It outlives the session.
      {!files && others.length > 0 && ` To go on with earlier files, choose workspace ${sayChoice(others)}.`}
    </>
  )
}

/// `a`, `a or b`, `a, b or another`.
function sayChoice(names: string[]): string {
  const said = names.length > 2 ? [...names.slice(0, 2), "another"] : names
  return [said.slice(0, -1).join(", "), said.at(-1)].filter(Boolean).join(" or ")
}
