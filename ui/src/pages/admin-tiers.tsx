import { useQuery, useQueryClient } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import { sayQuota } from "@/admin/limits"
import { TierDialog } from "@/admin/tier-dialog"
import { deleteTier } from "@/api/actions"
import { tiersQuery } from "@/api/queries"
import type { Tier } from "@/api/types"
import { Button } from "@/parts/button"
import { Confirm } from "@/parts/confirm"
import { Listing } from "@/parts/listing"
import { Page } from "@/parts/page"
import type { Column } from "@/parts/rows"
import { Empty } from "@/parts/states"
import { say } from "@/parts/toast"
import { plural } from "@/text/amounts"

/// Named sets of limits, and who has them.
export function AdminTiers() {
  const search = useSearch({ from: "/frame/admin/tiers" })
  const navigate = useNavigate({ from: "/admin/tiers" })
  const cache = useQueryClient()
  const [adding, setAdding] = useState(false)
  const [changing, setChanging] = useState<Tier>()
  const [removing, setRemoving] = useState<Tier>()
  const found = useQuery(tiersQuery({ ...search, limit: 50 }))
  const columns: Column<Tier>[] = [
    { name: "Name", cell: (t) => <span className="font-medium">{t.name}</span> },
    { name: "Limits", cell: (t) => sayQuota(t.quota) || <span className="text-muted">none</span> },
    {
      name: "Used by",
      cell: (t) => sayHolders(t) || <span className="text-muted">nobody</span>,
    },
    {
      name: "Actions",
      cell: (t) => (
        <div className="flex gap-2 sm:justify-end">
          <Button size="small" aria-label={`Change tier ${t.name}`} onClick={() => setChanging(t)}>
            Change
          </Button>
          <Button size="small" aria-label={`Delete tier ${t.name}`} onClick={() => setRemoving(t)}>
            Delete
          </Button>
        </div>
      ),
      className: "sm:text-right sm:py-1",
    },
  ]
  return (
    <Page
      title="Tiers"
      name="Tiers · Admin"
      lead="Named sets of limits. A user has one, or that of a group."
      beside={
        <Button look="primary" onClick={() => setAdding(true)}>
          Add a tier
        </Button>
      }
    >
      <Listing
        label="Tiers"
        found={found}
        columns={columns}
        id={(t) => t.name}
        cursor={search.cursor}
        onSearch={(changes) => void navigate({ search: (old) => ({ ...old, ...changes }) })}
        empty={
          <Empty title="No tiers">
            Everybody has the default quota. A tier is another one, such as free with 60 minutes a session.
          </Empty>
        }
      />
      {adding && <TierDialog onClose={() => setAdding(false)} />}
      {changing && <TierDialog tier={changing} onClose={() => setChanging(undefined)} />}
      <Confirm
        open={removing !== undefined}
        onOpenChange={() => setRemoving(undefined)}
        title={`Delete tier ${removing?.name}`}
        verb="Delete tier"
        action={async () => removing && deleteTier(removing)}
        done={() => {
          say("The tier is deleted")
          void cache.invalidateQueries({ queryKey: ["tiers"] })
        }}
      >
        <p>Lost: its limits. It can be deleted once no user and no group has it.</p>
      </Confirm>
    </Page>
  )
}

function sayHolders(tier: Tier): string {
  const groups = tier.groups.length > 0 ? `group ${tier.groups.join(", ")}` : ""
  return [tier.users > 0 ? plural(tier.users, "user") : "", groups].filter(Boolean).join(" · ")
}
