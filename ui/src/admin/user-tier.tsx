import { useQuery, useQueryClient } from "@tanstack/react-query"
import { type FormEvent, useId, useState } from "react"
import { changeUser } from "@/api/actions"
import { userQuotaQuery } from "@/api/queries"
import type { User } from "@/api/types"
import { useAct } from "@/parts/act"
import { Button, buttonClasses } from "@/parts/button"
import { Dialog, DialogClose } from "@/parts/dialog"
import { Field } from "@/parts/field"
import { Loading, ProblemNote } from "@/parts/states"
import { say } from "@/parts/toast"
import { Quota, Shares } from "@/session/quota"
import { TierChoice } from "./tier-choice"

/// What a user may have and has, and the tier that says so.
export function UserTier({ user, onClose }: { user: User; onClose: () => void }) {
  const form = useId()
  const cache = useQueryClient()
  const [tier, setTier] = useState(user.tier)
  const found = useQuery(userQuotaQuery(user.id))
  const save = useAct({
    mutationFn: () => changeUser(user, { tier }),
    onSuccess: () => {
      say(tier ? `${user.name} has tier ${tier}` : `${user.name} has no tier of their own`)
      for (const key of ["users", "user-quota", "tiers", "me"])
        void cache.invalidateQueries({ queryKey: [key] })
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
      title={`Quota of ${user.name}`}
      description="What they have, of what they may have, and whose each limit is."
      className="w-[min(44rem,calc(100vw-2rem))]"
      footer={
        <>
          <DialogClose className={buttonClasses("plain")}>Cancel</DialogClose>
          <Button type="submit" form={form} look="primary" busy={save.isPending}>
            Save
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} className="mt-3 mb-4 space-y-3">
        <Field label="Tier" hint="Nothing that runs is stopped when a limit gets lower.">
          <TierChoice
            none="None of their own: that of a group, or the default quota"
            value={tier}
            onChange={(e) => setTier(e.target.value)}
          />
        </Field>
        {save.error && <ProblemNote error={save.error} />}
      </form>
      {found.error && !found.data ? (
        <ProblemNote error={found.error} />
      ) : !found.data ? (
        <Loading what="Loading quota" />
      ) : (
        <>
          <Quota quota={found.data.quota} />
          <Shares of={found.data} />
        </>
      )}
    </Dialog>
  )
}
