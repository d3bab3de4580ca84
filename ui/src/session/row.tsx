import { Link } from "@tanstack/react-router"
import type { Session } from "@/api/types"
import { PhaseMark } from "@/parts/phase"
import { Tile } from "@/parts/tile"
import { useNow } from "@/parts/time"
import { sayState } from "@/text/phase"
import { SessionMenu } from "./menu"
import { OpenButton } from "./open-button"

/// One session in a list: what it is, what state it is in and why, and what can be done.
export function SessionRow({ session }: { session: Session }) {
  const now = useNow()
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3 sm:flex-nowrap">
      <Tile name={session.templateName || session.template} icon={session.icon} small />
      <div className="min-w-0 flex-1 basis-48">
        <div className="flex flex-wrap items-baseline gap-x-2">
          <Link
            to="/sessions/$id"
            params={{ id: session.id }}
            className="inline-flex min-h-6 items-center truncate font-medium hover:underline"
          >
            {session.name}
          </Link>
          <span className="truncate text-sm text-muted">{session.templateName || session.template}</span>
        </div>
        <p className="flex flex-wrap items-center gap-x-2 text-sm">
          <PhaseMark phase={session.status.phase} />
          <span className="min-w-0 break-words text-muted">{sayState(session, now)}</span>
        </p>
      </div>
      <div className="ml-auto flex items-center gap-1">
        <OpenButton session={session} size="small" />
        <SessionMenu session={session} />
      </div>
    </li>
  )
}
