import { useQueryClient } from "@tanstack/react-query"
import { useState } from "react"
import { addGroup, changeGroup } from "@/api/actions"
import type { Group } from "@/api/types"
import { useAct } from "@/parts/act"
import { Field, TextInput } from "@/parts/field"
import { FormDialog } from "@/parts/form-dialog"
import { say } from "@/parts/toast"
import { LimitFields, limitTexts, quotaOf } from "./limits"
import { TierChoice } from "./tier-choice"

/// A new group, or what changes of one that there is.
export function GroupDialog({ group, onClose }: { group?: Group; onClose: () => void }) {
  const cache = useQueryClient()
  const [name, setName] = useState("")
  const [description, setDescription] = useState(group?.description ?? "")
  const [tier, setTier] = useState(group?.tier ?? "")
  const [limits, setLimits] = useState(limitTexts(group?.quota ?? {}))
  const save = useAct({
    mutationFn: () => {
      const body = { description: description.trim(), tier, quota: quotaOf(limits, group?.quota) }
      return group ? changeGroup(group, body) : addGroup({ name: name.trim(), ...body })
    },
    onSuccess: (saved) => {
      say(`Group ${saved.name} is saved`)
      for (const key of ["groups", "tiers", "me"]) void cache.invalidateQueries({ queryKey: [key] })
      onClose()
    },
  })
  return (
    <FormDialog
      title={group ? `Group ${group.name}` : "Add a group"}
      description="Its limits are for all members together, its tier for each of them. Nothing that runs is stopped when a limit gets lower."
      verb={group ? "Save" : "Add group"}
      act={save}
      onClose={onClose}
    >
      {!group && (
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
      <Field label="Description (optional)">
        <TextInput value={description} onChange={(e) => setDescription(e.target.value)} maxLength={200} />
      </Field>
      <Field label="Tier" hint="Of each member that has none of their own.">
        <TierChoice none="None" value={tier} onChange={(e) => setTier(e.target.value)} />
      </Field>
      <LimitFields texts={limits} onChange={setLimits} />
    </FormDialog>
  )
}
