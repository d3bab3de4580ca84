import { useQueryClient } from "@tanstack/react-query"
import { type FormEvent, useId, useState } from "react"
import { addTier, changeTier } from "@/api/actions"
import type { Tier } from "@/api/types"
import { useAct } from "@/parts/act"
import { Button, buttonClasses } from "@/parts/button"
import { Dialog, DialogClose } from "@/parts/dialog"
import { Field, TextInput } from "@/parts/field"
import { ProblemNote } from "@/parts/states"
import { say } from "@/parts/toast"
import { LimitFields, limitTexts, quotaOf } from "./limits"

/// A new tier, or the limits of one that there is.
export function TierDialog({ tier, onClose }: { tier?: Tier; onClose: () => void }) {
  const form = useId()
  const cache = useQueryClient()
  const [name, setName] = useState("")
  const [limits, setLimits] = useState(limitTexts(tier?.quota ?? {}))
  const save = useAct({
    mutationFn: () =>
      tier
        ? changeTier(tier, quotaOf(limits, tier.quota))
        : addTier({ name: name.trim(), quota: quotaOf(limits) }),
    onSuccess: (saved) => {
      say(`Tier ${saved.name} is saved`)
      void cache.invalidateQueries({ queryKey: ["tiers"] })
      void cache.invalidateQueries({ queryKey: ["me"] })
      onClose()
    },
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    save.mutate()
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={tier ? `Limits of tier ${tier.name}` : "Add a tier"}
      description="What each user who has it may have. Nothing that runs is stopped when a limit gets lower."
      footer={
        <>
          <DialogClose className={buttonClasses("plain")}>Cancel</DialogClose>
          <Button type="submit" form={form} look="primary" busy={save.isPending}>
            {tier ? "Save" : "Add tier"}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} className="mt-3 space-y-4">
        {!tier && (
          <Field label="Name" hint="Small letters, digits and hyphens.">
            <TextInput
              value={name}
              onChange={(e) => setName(e.target.value)}
              required
              maxLength={40}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
            />
          </Field>
        )}
        <LimitFields texts={limits} onChange={setLimits} />
        {save.error && <ProblemNote error={save.error} />}
      </form>
    </Dialog>
  )
}
