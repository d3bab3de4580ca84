import { useQuery, useQueryClient } from "@tanstack/react-query"
import { useState } from "react"
import { deleteSecret, putSecret, withdrawConsent } from "@/api/actions"
import { consentsQuery, secretsQuery } from "@/api/queries"
import type { Consent, Secret } from "@/api/types"
import { useAct } from "@/parts/act"
import { Button } from "@/parts/button"
import { Confirm } from "@/parts/confirm"
import { Field, TextInput } from "@/parts/field"
import { FormDialog } from "@/parts/form-dialog"
import { type Column, Rows } from "@/parts/rows"
import { Section } from "@/parts/section"
import { Failed, Loading } from "@/parts/states"
import { Ago } from "@/parts/time"
import { say } from "@/parts/toast"
import { sayNeed } from "@/text/needs"

const columns: Column<Secret>[] = [
  { name: "Name", cell: (s) => <code className="font-mono text-sm break-all">{s.name}</code> },
  { name: "Changed", cell: (s) => <Ago at={s.updatedAt} /> },
  { name: "Actions", cell: (s) => <SecretActions secret={s} />, className: "sm:text-right" },
]

/// Values that sessions get. They go in here and never come out: nobody is shown one, its owner neither.
export function Secrets() {
  const [adding, setAdding] = useState(false)
  const secrets = useQuery(secretsQuery())
  return (
    <Section
      title="Secrets"
      lead="Tokens and passwords that your sessions get as variables or files, where a template asks and you agree. Nobody is shown a value again."
      beside={<Button onClick={() => setAdding(true)}>New secret</Button>}
    >
      {secrets.error && !secrets.data ? (
        <Failed error={secrets.error} retry={() => void secrets.refetch()} busy={secrets.isFetching} />
      ) : !secrets.data ? (
        <Loading what="Loading secrets" />
      ) : secrets.data.items.length === 0 ? (
        <p className="text-muted">No secrets.</p>
      ) : (
        <Rows label="Secrets" columns={columns} rows={secrets.data.items} id={(s) => s.name} />
      )}
      {adding && <SecretDialog onClose={() => setAdding(false)} />}
    </Section>
  )
}

function SecretActions({ secret }: { secret: Secret }) {
  const cache = useQueryClient()
  const [open, setOpen] = useState<"change" | "delete">()
  return (
    <span className="inline-flex gap-2">
      <Button size="small" onClick={() => setOpen("change")} aria-label={`Change secret ${secret.name}`}>
        Change
      </Button>
      <Button size="small" onClick={() => setOpen("delete")} aria-label={`Delete secret ${secret.name}`}>
        Delete
      </Button>
      {open === "change" && <SecretDialog name={secret.name} onClose={() => setOpen(undefined)} />}
      <Confirm
        open={open === "delete"}
        onOpenChange={() => setOpen(undefined)}
        title={`Delete secret ${secret.name}`}
        verb="Delete secret"
        action={() => deleteSecret(secret)}
        done={() => {
          say(`Deleted secret ${secret.name}`)
          void cache.invalidateQueries({ queryKey: ["secrets"] })
        }}
      >
        <p>Its value is lost. Sessions that run keep what they were given until they stop.</p>
      </Confirm>
    </span>
  )
}

/// A new secret, or with `name` another value of one.
export function SecretDialog({ name: known, onClose }: { name?: string; onClose: () => void }) {
  const cache = useQueryClient()
  const [name, setName] = useState(known ?? "")
  const [value, setValue] = useState("")
  const save = useAct({
    mutationFn: () => putSecret(name.trim(), value),
    onSuccess: () => {
      say(`Set secret ${name.trim()}`)
      void cache.invalidateQueries({ queryKey: ["secrets"] })
      void cache.invalidateQueries({ queryKey: ["needs"] })
      onClose()
    },
  })
  return (
    <FormDialog
      title={known ? `Value of ${known}` : "New secret"}
      verb={known ? "Set value" : "Set secret"}
      act={save}
      onClose={onClose}
    >
      {!known && (
        <Field label="Name" hint="As templates ask for it, such as GITHUB_TOKEN.">
          <TextInput
            value={name}
            onChange={(e) => setName(e.target.value)}
            required
            maxLength={128}
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
          />
        </Field>
      )}
      <Field label="Value" hint="At most 64 KiB. What has several lines is best uploaded as a file.">
        <TextInput
          type="password"
          value={value}
          onChange={(e) => setValue(e.target.value)}
          required
          autoComplete="new-password"
          spellCheck={false}
        />
      </Field>
    </FormDialog>
  )
}

/// What templates may have, by template, with a way to take it back.
export function Consents() {
  const consents = useQuery(consentsQuery())
  const items = consents.data?.items ?? []
  if (items.length === 0) return null
  return (
    <Section
      title="What templates may have"
      lead="You agreed when you launched them. A launch asks again once you take it back."
    >
      <Rows
        label="What templates may have"
        columns={consentColumns}
        rows={byTemplate(items)}
        id={(one) => one.template}
      />
    </Section>
  )
}

interface TemplateConsent {
  template: string
  names: string[]
}

export function byTemplate(consents: Consent[]): TemplateConsent[] {
  const all = new Map<string, string[]>()
  for (const one of consents) all.set(one.template, [...(all.get(one.template) ?? []), one.name])
  return [...all].map(([template, names]) => ({ template, names }))
}

const consentColumns: Column<TemplateConsent>[] = [
  { name: "Template", cell: (c) => <span className="font-medium">{c.template}</span> },
  { name: "May have", cell: (c) => c.names.map(sayNeed).join(", ") },
  { name: "Actions", cell: (c) => <Withdraw template={c.template} />, className: "sm:text-right" },
]

function Withdraw({ template }: { template: string }) {
  const cache = useQueryClient()
  const take = useAct({
    mutationFn: () => withdrawConsent(template),
    onSuccess: () => {
      say(`Template ${template} gets nothing of yours any more`)
      void cache.invalidateQueries({ queryKey: ["consents"] })
    },
  })
  return (
    <Button
      size="small"
      busy={take.isPending}
      onClick={() => take.mutate()}
      aria-label={`Take back from ${template}`}
    >
      Take back
    </Button>
  )
}
