import { useQuery, useQueryClient } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import { GroupDialog } from "@/admin/group-dialog"
import { Members } from "@/admin/members"
import { deleteGroup } from "@/api/actions"
import { groupsQuery } from "@/api/queries"
import type { Group } from "@/api/types"
import { Button } from "@/parts/button"
import { Confirm } from "@/parts/confirm"
import { Page } from "@/parts/page"
import { Pager } from "@/parts/pager"
import { Section } from "@/parts/section"
import { Empty, Failed, Loading } from "@/parts/states"
import { say } from "@/parts/toast"
import { Quota } from "@/session/quota"
import { plural } from "@/text/amounts"

/// Groups, who is in them, and what their members may have and have together.
export function AdminGroups() {
  const search = useSearch({ from: "/frame/admin/groups" })
  const navigate = useNavigate({ from: "/admin/groups" })
  const cache = useQueryClient()
  const [adding, setAdding] = useState(false)
  const [changing, setChanging] = useState<Group>()
  const [seeing, setSeeing] = useState<Group>()
  const [removing, setRemoving] = useState<Group>()
  const found = useQuery(groupsQuery({ ...search, limit: 50 }))
  const data = found.data
  return (
    <Page
      title="Groups"
      name="Groups · Admin"
      lead="Users that belong together, and what they have together."
      beside={
        <Button look="primary" onClick={() => setAdding(true)}>
          Add a group
        </Button>
      }
    >
      {found.error && !data ? (
        <Failed error={found.error} retry={() => void found.refetch()} busy={found.isFetching} />
      ) : !data ? (
        <Loading what="Loading groups" />
      ) : data.items.length === 0 ? (
        <Empty title="No groups">
          A group gives its members a tier, and limits what all of them have together.
        </Empty>
      ) : (
        <div className="space-y-4">
          {data.items.map((group) => (
            <Section
              key={group.id}
              title={group.name}
              lead={[group.description, plural(group.members, "member"), group.tier && `tier ${group.tier}`]
                .filter(Boolean)
                .join(" · ")}
              beside={
                <div className="flex flex-wrap gap-2">
                  <Button
                    size="small"
                    aria-label={`Members of ${group.name}`}
                    onClick={() => setSeeing(group)}
                  >
                    Members
                  </Button>
                  <Button
                    size="small"
                    aria-label={`Change group ${group.name}`}
                    onClick={() => setChanging(group)}
                  >
                    Change
                  </Button>
                  <Button
                    size="small"
                    aria-label={`Delete group ${group.name}`}
                    onClick={() => setRemoving(group)}
                  >
                    Delete
                  </Button>
                </div>
              }
            >
              {Object.keys(group.quota).length > 0 ? (
                <Quota quota={group.use} limited />
              ) : (
                <p className="text-muted">No limits together.</p>
              )}
            </Section>
          ))}
        </div>
      )}
      <Pager
        cursor={search.cursor}
        next={data?.next}
        onCursor={(cursor) => void navigate({ search: (old) => ({ ...old, cursor }) })}
      />
      {adding && <GroupDialog onClose={() => setAdding(false)} />}
      {changing && <GroupDialog group={changing} onClose={() => setChanging(undefined)} />}
      {seeing && <Members group={seeing} onClose={() => setSeeing(undefined)} />}
      <Confirm
        open={removing !== undefined}
        onOpenChange={() => setRemoving(undefined)}
        title={`Delete group ${removing?.name}`}
        verb="Delete group"
        action={async () => removing && deleteGroup(removing)}
        done={() => {
          say("The group is deleted")
          void cache.invalidateQueries({ queryKey: ["groups"] })
        }}
      >
        <p>Lost: its limits. It can be deleted once nobody is in it.</p>
        <p>Kept: users, their sessions and their workspaces.</p>
      </Confirm>
    </Page>
  )
}
