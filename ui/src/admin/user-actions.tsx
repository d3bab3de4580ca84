import { useQuery, useQueryClient } from "@tanstack/react-query"
import { Ellipsis } from "lucide-react"
import { useState } from "react"
import { changeUser, deactivateUser, signInLink } from "@/api/actions"
import { meQuery } from "@/api/queries"
import type { User } from "@/api/types"
import { useAct } from "@/parts/act"
import { Button } from "@/parts/button"
import { Confirm } from "@/parts/confirm"
import { Menu, MenuItem, MenuLine } from "@/parts/menu"
import { say, sayProblem } from "@/parts/toast"
import { LinkDialog } from "./link-dialog"
import { UserTier } from "./user-tier"

export function UserActions({ user }: { user: User }) {
  const cache = useQueryClient()
  const me = useQuery(meQuery()).data
  const [deactivating, setDeactivating] = useState(false)
  const [limiting, setLimiting] = useState(false)
  const fresh = () => void cache.invalidateQueries({ queryKey: ["users"] })
  const link = useAct({
    mutationFn: () => signInLink(user),
    onError: (error) => sayProblem(`No link for ${user.name}`, error),
  })
  const change = useAct({
    mutationFn: (body: { role?: User["role"]; active?: boolean }) => changeUser(user, body),
    onSuccess: (changed) => {
      say(
        changed.active
          ? `${user.name} is ${changed.role === "admin" ? "an administrator" : "a user"}`
          : `${user.name} is deactivated`,
      )
      fresh()
    },
    onError: (error) => sayProblem(`${user.name} was not changed`, error),
  })
  const self = me?.id === user.id
  return (
    <>
      <Menu
        label={`Actions for ${user.name}`}
        trigger={
          <Button
            look="quiet"
            size="icon"
            className="size-8"
            aria-label={`Actions for ${user.name}`}
            busy={link.isPending}
          >
            <Ellipsis aria-hidden className="size-4" />
          </Button>
        }
      >
        <MenuItem disabled={!user.active} onClick={() => link.mutate()}>
          Make a sign-in link
        </MenuItem>
        <MenuItem onClick={() => setLimiting(true)}>Quota and tier</MenuItem>
        <MenuItem
          disabled={self}
          onClick={() => change.mutate({ role: user.role === "admin" ? "user" : "admin" })}
        >
          {user.role === "admin" ? "Make a user" : "Make an administrator"}
        </MenuItem>
        <MenuLine />
        {user.active ? (
          <MenuItem disabled={self} className="text-danger" onClick={() => setDeactivating(true)}>
            {self ? "Deactivate (not yourself)" : "Deactivate"}
          </MenuItem>
        ) : (
          <MenuItem onClick={() => change.mutate({ active: true })}>Activate</MenuItem>
        )}
      </Menu>
      <Confirm
        open={deactivating}
        onOpenChange={setDeactivating}
        title={`Deactivate ${user.name}`}
        verb="Deactivate"
        action={() => deactivateUser(user)}
        done={() => {
          say(`${user.name} is deactivated`)
          fresh()
        }}
      >
        <p>Lost: their sign-ins and tokens stop working at once.</p>
        <p>Kept: their sessions and workspaces. You can activate them again.</p>
      </Confirm>
      {limiting && <UserTier user={user} onClose={() => setLimiting(false)} />}
      {link.data && <LinkDialog name={user.name} link={link.data.signInLink} onClose={() => link.reset()} />}
    </>
  )
}
