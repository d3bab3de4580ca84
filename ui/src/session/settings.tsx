import { useQueryClient } from "@tanstack/react-query"
import { useNavigate } from "@tanstack/react-router"
import { type FormEvent, type ReactNode, useState } from "react"
import { freeze, hibernate, renameSession, restart } from "@/api/actions"
import type { Session } from "@/api/types"
import { useAct } from "@/parts/act"
import { Button } from "@/parts/button"
import { Field, TextInput } from "@/parts/field"
import { ProblemNote } from "@/parts/states"
import { say } from "@/parts/toast"
import { isUp } from "@/text/phase"
import { DeleteSession } from "./delete"

function whyNotFreeze({ status, engine }: Session): string | undefined {
  if (status.phase !== "running") return `It is ${status.phase}.`
  return status.freezable ? undefined : `Engine ${engine} cannot freeze.`
}

export function SessionSettings({ session }: { session: Session }) {
  const navigate = useNavigate()
  const [deleting, setDeleting] = useState(false)
  const { phase } = session.status
  const kept = session.workspace
    ? `Workspace ${session.workspace.name} and the address are kept.`
    : "The address is kept; it has no workspace."
  return (
    <div className="max-w-3xl space-y-4">
      <Rename session={session} />
      <div className="panel divide-y divide-line">
        <Act
          title="Freeze"
          text="Keeps all that is open in memory and takes the processor away. Using it goes on at once."
          verb="Freeze"
          done={`Freezing ${session.name}`}
          action={() => freeze(session)}
          refusal={whyNotFreeze(session)}
        />
        <Act
          title="Hibernate"
          text={`Stops what runs. ${kept} Opening it wakes it.`}
          verb="Hibernate"
          done={`Hibernating ${session.name}`}
          action={() => hibernate(session)}
          refusal={isUp(phase) || phase === "failed" ? undefined : `It is ${phase}.`}
        />
        <Act
          title="Restart"
          text={`Stops and starts it. ${kept} Files outside volumes go.`}
          verb="Restart"
          done={`Restarting ${session.name}`}
          action={() => restart(session)}
          refusal={isUp(phase) || phase === "failed" ? undefined : `It is ${phase}.`}
        />
        <Line
          title="Delete"
          text={
            session.workspace
              ? `Ends the session and its address. Workspace ${session.workspace.name} is kept.`
              : "Ends the session and its address. It has no workspace: its files go."
          }
        >
          <Button
            look="danger"
            disabled={phase === "terminating" || phase === "gone"}
            onClick={() => setDeleting(true)}
          >
            Delete
          </Button>
        </Line>
      </div>
      <DeleteSession
        session={session}
        open={deleting}
        onOpenChange={setDeleting}
        done={() => void navigate({ to: "/" })}
      />
    </div>
  )
}

function Rename({ session }: { session: Session }) {
  const cache = useQueryClient()
  const [name, setName] = useState(session.name)
  const rename = useAct({
    mutationFn: () => renameSession(session, name.trim()),
    onSuccess: (changed) => {
      cache.setQueryData(["session", session.id], changed)
      void cache.invalidateQueries({ queryKey: ["sessions"] })
      say(`Renamed to ${changed.name}`, "Its address stays the same.")
    },
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    if (name.trim() !== session.name) rename.mutate()
  }
  return (
    <form onSubmit={submit} className="panel space-y-3 px-4 py-4">
      <div className="flex items-end gap-2">
        <Field label="Name" className="min-w-0 flex-1">
          <TextInput
            value={name}
            onChange={(e) => setName(e.target.value)}
            autoComplete="off"
            spellCheck={false}
            required
          />
        </Field>
        <Button type="submit" busy={rename.isPending}>
          Rename
        </Button>
      </div>
      {rename.error && <ProblemNote error={rename.error} />}
    </form>
  )
}

interface ActProps {
  title: string
  text: string
  verb: string
  done: string
  action: () => Promise<Session>
  /// Why it cannot be done now.
  refusal?: string
}

function Act({ title, text, verb, done, action, refusal }: ActProps) {
  const cache = useQueryClient()
  const run = useAct({
    mutationFn: action,
    onSuccess: (changed) => {
      cache.setQueryData(["session", changed.id], changed)
      say(done)
    },
  })
  return (
    <Line
      title={title}
      text={refusal ? `${text} ${refusal}` : text}
      note={run.error && <ProblemNote error={run.error} className="mt-2" />}
    >
      <Button disabled={!!refusal} busy={run.isPending} onClick={() => run.mutate()}>
        {verb}
      </Button>
    </Line>
  )
}

function Line({
  title,
  text,
  note,
  children,
}: {
  title: string
  text: string
  note?: ReactNode
  children: ReactNode
}) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-3 px-4 py-3">
      <div className="min-w-0 flex-1 basis-56">
        <h2 className="font-medium">{title}</h2>
        <p className="text-muted">{text}</p>
        {note}
      </div>
      {children}
    </div>
  )
}
