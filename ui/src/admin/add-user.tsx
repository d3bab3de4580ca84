import { useQueryClient } from "@tanstack/react-query"
import { type FormEvent, useId, useState } from "react"
import { addUser } from "@/api/actions"
import type { User } from "@/api/types"
import { useAct } from "@/parts/act"
import { Button, buttonClasses } from "@/parts/button"
import { Dialog, DialogClose } from "@/parts/dialog"
import { Choice, Field, TextInput } from "@/parts/field"
import { ProblemNote } from "@/parts/states"
import { LinkDialog } from "./link-dialog"

export function AddUser({ onClose }: { onClose: () => void }) {
  const form = useId()
  const cache = useQueryClient()
  const [name, setName] = useState("")
  const [shown, setShown] = useState("")
  const [email, setEmail] = useState("")
  const [role, setRole] = useState<User["role"]>("user")
  const add = useAct({
    mutationFn: () =>
      addUser({
        name: name.trim(),
        displayName: shown.trim() || undefined,
        email: email.trim() || undefined,
        role,
      }),
    onSuccess: () => void cache.invalidateQueries({ queryKey: ["users"] }),
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    add.mutate()
  }
  if (add.data) return <LinkDialog name={add.data.user.name} link={add.data.signInLink} onClose={onClose} />
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Add a user"
      description="They get a sign-in link, which you pass on."
      footer={
        <>
          <DialogClose className={buttonClasses("plain")}>Cancel</DialogClose>
          <Button type="submit" form={form} look="primary" busy={add.isPending}>
            Add user
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} className="mt-3 space-y-3">
        <Field label="Name" hint="Letters, digits and . _ - @. It is never given to another person.">
          <TextInput
            value={name}
            onChange={(e) => setName(e.target.value)}
            required
            maxLength={63}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
          />
        </Field>
        <Field label="Display name (optional)">
          <TextInput value={shown} onChange={(e) => setShown(e.target.value)} autoComplete="off" />
        </Field>
        <Field label="Mail (optional)">
          <TextInput
            type="email"
            value={email}
            onChange={(e) => setEmail(e.target.value)}
            autoComplete="off"
          />
        </Field>
        <Field label="Role">
          <Choice value={role} onChange={(e) => setRole(e.target.value as User["role"])}>
            <option value="user">User</option>
            <option value="admin">Administrator</option>
          </Choice>
        </Field>
        {add.error && <ProblemNote error={add.error} />}
      </form>
    </Dialog>
  )
}
