import { useQueryClient } from "@tanstack/react-query"
import { useState } from "react"
import { addTier, changeTier } from "@/api/actions"
import type { Tier } from "@/api/types"
import { useAct } from "@/parts/act"
import { Field, TextInput } from "@/parts/field"
import { FormDialog } from "@/parts/form-dialog"
import { say } from "@/parts/toast"
import { LimitFields, limitTexts, quotaOf } from "./limits"

/// A new tier, or the limits of one that there is.
export function TierDialog({ tier, onClose }: { tier?: Tier; onClose: () => void }) {
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
  return (
    <FormDialog
      title={tier ? `Limits of tier ${tier.name}` : "Add a tier"}
      description="What each user who has it may have. Nothing that runs is stopped when a limit gets lower."
      verb={tier ? "Save" : "Add tier"}
      act={save}
      onClose={onClose}
    >
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
    </FormDialog>
  )
}
