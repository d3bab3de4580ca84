import { useQuery, useQueryClient } from "@tanstack/react-query"
import { type FormEvent, useId, useState } from "react"
import { createToken, deleteToken } from "@/api/actions"
import { tokensQuery } from "@/api/queries"
import type { Me, Token } from "@/api/types"
import { useAct } from "@/parts/act"
import { Button, buttonClasses } from "@/parts/button"
import { Confirm } from "@/parts/confirm"
import { Copy } from "@/parts/copy"
import { Dialog, DialogClose } from "@/parts/dialog"
import { Choice, Field, TextInput } from "@/parts/field"
import { type Column, Rows } from "@/parts/rows"
import { Section } from "@/parts/section"
import { Failed, Loading, ProblemNote } from "@/parts/states"
import { Ago } from "@/parts/time"
import { say } from "@/parts/toast"

const columns: Column<Token>[] = [
  { name: "Name", cell: (t) => <span className="font-medium">{t.name}</span> },
  { name: "May", cell: (t) => scopes[t.scope] },
  { name: "Last used", cell: (t) => (t.lastUsedAt ? <Ago at={t.lastUsedAt} /> : "never") },
  { name: "Ends", cell: (t) => (t.expiresAt ? <Ago at={t.expiresAt} /> : "never") },
  { name: "Actions", cell: (t) => <Revoke token={t} />, className: "sm:text-right" },
]

const scopes: Record<Token["scope"], string> = {
  read: "read",
  sessions: "read, use sessions",
  admin: "all you may",
}

export function Tokens({ me }: { me: Me }) {
  const [making, setMaking] = useState(false)
  const tokens = useQuery(tokensQuery())
  return (
    <Section
      title="Tokens"
      lead="For the command line and for programs."
      beside={<Button onClick={() => setMaking(true)}>New token</Button>}
    >
      {tokens.error && !tokens.data ? (
        <Failed error={tokens.error} retry={() => void tokens.refetch()} busy={tokens.isFetching} />
      ) : !tokens.data ? (
        <Loading what="Loading tokens" />
      ) : tokens.data.items.length === 0 ? (
        <p className="text-muted">No tokens. Make one to use the command line.</p>
      ) : (
        <Rows label="Tokens" columns={columns} rows={tokens.data.items} id={(t) => t.id} />
      )}
      {making && <NewToken me={me} onClose={() => setMaking(false)} />}
    </Section>
  )
}

function Revoke({ token }: { token: Token }) {
  const cache = useQueryClient()
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)} aria-label={`Revoke token ${token.name}`}>
        Revoke
      </Button>
      <Confirm
        open={open}
        onOpenChange={setOpen}
        title={`Revoke token ${token.name}`}
        verb="Revoke token"
        action={() => deleteToken(token)}
        done={() => {
          say(`Revoked token ${token.name}`)
          void cache.invalidateQueries({ queryKey: ["tokens"] })
        }}
      >
        <p>Programs that use it are refused from now on. Sessions are not touched.</p>
      </Confirm>
    </>
  )
}

function NewToken({ me, onClose }: { me: Me; onClose: () => void }) {
  const form = useId()
  const cache = useQueryClient()
  const [name, setName] = useState("")
  const [scope, setScope] = useState<Token["scope"]>("sessions")
  const [days, setDays] = useState("30")
  const make = useAct({
    mutationFn: () =>
      createToken({ name: name.trim(), scope, expiresIn: days ? `${Number(days) * 24}h` : undefined }),
    onSuccess: () => void cache.invalidateQueries({ queryKey: ["tokens"] }),
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    if (!make.data) make.mutate()
  }
  if (make.data) {
    return (
      <Dialog
        open
        onOpenChange={onClose}
        title={`Token ${make.data.name}`}
        description="Copy it now: it is shown once and never again."
        footer={<DialogClose className={buttonClasses("primary")}>Done</DialogClose>}
      >
        <div className="mt-3">
          <Copy text={make.data.token} label="Token" />
        </div>
      </Dialog>
    )
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="New token"
      footer={
        <>
          <DialogClose className={buttonClasses("plain")}>Cancel</DialogClose>
          <Button type="submit" form={form} look="primary" busy={make.isPending}>
            Make token
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} className="mt-3 space-y-3">
        <Field label="Name" hint="What it is for, to find it again.">
          <TextInput
            value={name}
            onChange={(e) => setName(e.target.value)}
            required
            maxLength={100}
            autoComplete="off"
          />
        </Field>
        <Field label="May">
          <Choice value={scope} onChange={(e) => setScope(e.target.value as Token["scope"])}>
            <option value="read">Read</option>
            <option value="sessions">Read, and use sessions</option>
            {me.role === "admin" && <option value="admin">All you may, administration too</option>}
          </Choice>
        </Field>
        <Field label="Ends after">
          <Choice value={days} onChange={(e) => setDays(e.target.value)}>
            <option value="7">7 days</option>
            <option value="30">30 days</option>
            <option value="365">1 year</option>
            <option value="">never</option>
          </Choice>
        </Field>
        {make.error && <ProblemNote error={make.error} />}
      </form>
    </Dialog>
  )
}
