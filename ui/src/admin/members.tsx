import { useQuery, useQueryClient } from "@tanstack/react-query"
import { X } from "lucide-react"
import { type FormEvent, useId, useState } from "react"
import { joinGroup, leaveGroup } from "@/api/actions"
import { membersQuery, usersQuery } from "@/api/queries"
import type { Group } from "@/api/types"
import { useAct } from "@/parts/act"
import { Button } from "@/parts/button"
import { Dialog } from "@/parts/dialog"
import { Field, TextInput } from "@/parts/field"
import { Failed, Loading, ProblemNote } from "@/parts/states"
import { plural } from "@/text/amounts"

/// Who is in a group; puts people in and takes them out.
export function Members({ group, onClose }: { group: Group; onClose: () => void }) {
  const cache = useQueryClient()
  const known = useId()
  const [name, setName] = useState("")
  const found = useQuery(membersQuery(group.name))
  const users = useQuery(usersQuery({ sort: "name", limit: 200, active: true }))
  const fresh = () => {
    for (const key of ["members", "groups", "me"]) void cache.invalidateQueries({ queryKey: [key] })
  }
  const join = useAct({
    mutationFn: () => joinGroup(group, name.trim()),
    onSuccess: () => {
      setName("")
      fresh()
    },
  })
  const leave = useAct({ mutationFn: (user: string) => leaveGroup(group, user), onSuccess: fresh })
  function submit(event: FormEvent) {
    event.preventDefault()
    if (name.trim()) join.mutate()
  }
  const problem = join.error ?? leave.error
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Members of ${group.name}`}
      description={
        found.data ? `${plural(found.data.total, "member")}. What they have stays when they leave.` : ""
      }
    >
      <form onSubmit={submit} className="mt-3 flex items-end gap-2">
        <Field label="Add a user" className="min-w-0 flex-1">
          <TextInput
            value={name}
            onChange={(e) => setName(e.target.value)}
            list={known}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
          />
        </Field>
        <datalist id={known}>
          {users.data?.items.map((user) => (
            <option key={user.id} value={user.name} />
          ))}
        </datalist>
        <Button type="submit" busy={join.isPending}>
          Add
        </Button>
      </form>
      {problem && <ProblemNote error={problem} className="mt-3" />}
      {found.error && !found.data ? (
        <Failed error={found.error} retry={() => void found.refetch()} busy={found.isFetching} />
      ) : !found.data ? (
        <Loading what="Loading members" />
      ) : (
        <ul className="mt-4 divide-y divide-line" aria-label="Members">
          {found.data.items.map((member) => (
            <li key={member.id} className="flex min-h-9 items-center justify-between gap-2">
              <span className="min-w-0 break-words">{member.name}</span>
              <Button
                look="quiet"
                size="icon"
                className="size-8"
                aria-label={`Take ${member.name} out`}
                onClick={() => leave.mutate(member.name)}
              >
                <X aria-hidden className="size-4" />
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  )
}
