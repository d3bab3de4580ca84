import { deleteSession } from "@/api/actions"
import type { Session } from "@/api/types"
import { Confirm } from "@/parts/confirm"
import { say } from "@/parts/toast"

interface DeleteSessionProps {
  session: Session
  open: boolean
  onOpenChange: (open: boolean) => void
  done?: () => void
}

/// Says by name what goes and what stays, then ends the session. Its workspace is never part of it.
export function DeleteSession({ session, open, onOpenChange, done }: DeleteSessionProps) {
  return (
    <Confirm
      open={open}
      onOpenChange={onOpenChange}
      title={`Delete session ${session.name}`}
      verb="Delete session"
      action={() => deleteSession(session)}
      done={() => {
        say(`Deleting ${session.name}`)
        done?.()
      }}
    >
      <p>
        Lost: what runs in it, what it keeps outside its workspace, and its address
        {session.url ? ` (${new URL(session.url).host})` : ""}.
      </p>
      {session.workspace ? (
        <p>
          Kept: workspace <strong className="text-text">{session.workspace.name}</strong> with all its files.
          A new session can use it.
        </p>
      ) : (
        <p>Kept: nothing. This session has no workspace.</p>
      )}
    </Confirm>
  )
}
