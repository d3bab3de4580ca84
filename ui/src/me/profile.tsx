import { useQueryClient } from "@tanstack/react-query"
import { type FormEvent, useState } from "react"
import { saveProfile } from "@/api/actions"
import type { Me } from "@/api/types"
import { useAct } from "@/parts/act"
import { Button } from "@/parts/button"
import { Field, TextInput } from "@/parts/field"
import { Section } from "@/parts/section"
import { ProblemNote } from "@/parts/states"
import { say } from "@/parts/toast"

export function Profile({ me }: { me: Me }) {
  const cache = useQueryClient()
  const [shown, setShown] = useState(me.displayName)
  const save = useAct({
    mutationFn: () => saveProfile({ displayName: shown.trim() }),
    onSuccess: (changed) => {
      cache.setQueryData(["me"], changed)
      say("Display name saved")
    },
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    save.mutate()
  }
  return (
    <Section title="Profile">
      <form onSubmit={submit} className="max-w-md space-y-3">
        <Field label="Display name" hint={`What others see. You sign in as ${me.name}.`}>
          <TextInput
            value={shown}
            onChange={(e) => setShown(e.target.value)}
            autoComplete="name"
            maxLength={200}
          />
        </Field>
        {save.error && <ProblemNote error={save.error} />}
        <Button type="submit" busy={save.isPending}>
          Save
        </Button>
      </form>
    </Section>
  )
}
