import { useNavigate } from "@tanstack/react-router"
import { Ellipsis } from "lucide-react"
import { useState } from "react"
import { freeze, hibernate, restart, wake } from "@/api/actions"
import type { Session } from "@/api/types"
import { useAct } from "@/parts/act"
import { Button } from "@/parts/button"
import { Menu, MenuItem, MenuLine } from "@/parts/menu"
import { say, sayProblem } from "@/parts/toast"
import { isUp } from "@/text/phase"
import { DeleteSession } from "./delete"

/// What else can be done with a session, from a list.
export function SessionMenu({ session }: { session: Session }) {
  const navigate = useNavigate()
  const [deleting, setDeleting] = useState(false)
  const { phase, reason } = session.status
  const act = useAct({
    mutationFn: (action: (s: Session) => Promise<Session>) => action(session),
    onError: (error) => sayProblem(`${session.name}: not done`, error),
  })
  const page = (tab?: "logs") =>
    void navigate({ to: "/sessions/$id", params: { id: session.id }, search: { tab } })
  return (
    <>
      <Menu
        label={`Actions for ${session.name}`}
        trigger={
          <Button look="quiet" size="icon" className="size-8" aria-label={`Actions for ${session.name}`}>
            <Ellipsis aria-hidden className="size-4" />
          </Button>
        }
      >
        <MenuItem onClick={() => page()}>Details</MenuItem>
        <MenuItem onClick={() => page("logs")}>Logs</MenuItem>
        <MenuLine />
        {(phase === "hibernated" || phase === "frozen") && (
          <MenuItem onClick={() => act.mutate(wake)}>Wake</MenuItem>
        )}
        {phase === "running" && session.status.freezable && (
          <MenuItem onClick={() => act.mutate(freeze, { onSuccess: () => say(`Freezing ${session.name}`) })}>
            Freeze
          </MenuItem>
        )}
        {reason === "Queued" && (
          <MenuItem
            onClick={() => act.mutate(hibernate, { onSuccess: () => say(`${session.name} waits no more`) })}
          >
            Stop waiting
          </MenuItem>
        )}
        {(isUp(phase) || phase === "failed") && (
          <MenuItem
            onClick={() => act.mutate(hibernate, { onSuccess: () => say(`Hibernating ${session.name}`) })}
          >
            Hibernate
          </MenuItem>
        )}
        {isUp(phase) && <MenuItem onClick={() => act.mutate(restart)}>Restart</MenuItem>}
        <MenuItem className="text-danger" onClick={() => setDeleting(true)}>
          Delete
        </MenuItem>
      </Menu>
      <DeleteSession session={session} open={deleting} onOpenChange={setDeleting} />
    </>
  )
}
