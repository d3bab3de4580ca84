import { type FormEvent, useState } from "react"
import { saveProfile } from "@/api/actions"
import { useAct } from "@/parts/act"
import { Button } from "@/parts/button"
import { Field, TextInput } from "@/parts/field"
import { Section } from "@/parts/section"
import { ProblemNote } from "@/parts/states"
import { say } from "@/parts/toast"

export function Password() {
  const [current, setCurrent] = useState("")
  const [next, setNext] = useState("")
  const [tried, setTried] = useState(false)
  const wrong = next.length < 8 ? "At least 8 characters." : undefined
  const save = useAct({
    mutationFn: () => saveProfile({ password: { current: current || undefined, new: next } }),
    onSuccess: () => {
      setCurrent("")
      setNext("")
      setTried(false)
      say("Password changed")
    },
  })
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    setTried(true)
    if (wrong)
      return event.currentTarget.querySelector<HTMLInputElement>("[autocomplete=new-password]")?.focus()
    save.mutate()
  }
  return (
    <Section title="Password">
      <form onSubmit={submit} noValidate className="max-w-md space-y-3">
        <Field label="Current password" hint="Leave empty if you have none yet.">
          <TextInput
            type="password"
            autoComplete="current-password"
            value={current}
            onChange={(e) => setCurrent(e.target.value)}
          />
        </Field>
        <Field label="New password" hint="At least 8 characters." error={tried ? wrong : undefined}>
          <TextInput
            type="password"
            autoComplete="new-password"
            value={next}
            onChange={(e) => setNext(e.target.value)}
          />
        </Field>
        {save.error && <ProblemNote error={save.error} />}
        <Button type="submit" busy={save.isPending}>
          Change password
        </Button>
      </form>
    </Section>
  )
}
