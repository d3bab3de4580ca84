import { Link } from "@tanstack/react-router"
import type { Me } from "@/api/types"
import { Meter } from "@/parts/meter"
import { parseBytes, parseCpu, sayBytes, sayCpu, sayOf } from "@/text/amounts"

/// What a launch takes on top of what is used.
export interface Taking {
  running?: number
  sessions?: number
  cpu?: number
  memory?: number
  workspaces?: number
}

interface Part {
  label: string
  used: number
  limit: number
  more?: number
  say: (amount: number) => string
  /// What makes room for an amount, and on which page.
  room: (amount: string) => string
  place: Place
}

interface Place {
  to: "/" | "/workspaces"
  label: string
}

const home: Place = { to: "/", label: "Home" }

function partsOf(quota: Me["quota"], taking: Taking): Part[] {
  const read = (use: { used: string; limit: string }, parse: (text: string) => number | undefined) => ({
    used: parse(use.used) ?? 0,
    limit: parse(use.limit) ?? 0,
  })
  const stop = (amount: string) => `Hibernate or delete sessions that take ${amount} on`
  return [
    {
      label: "Running",
      ...quota.running,
      more: taking.running,
      say: String,
      room: (n) => `Hibernate or delete ${n} of them on`,
      place: home,
    },
    { label: "CPU", ...read(quota.cpu, parseCpu), more: taking.cpu, say: sayCpu, room: stop, place: home },
    {
      label: "Memory",
      ...read(quota.memory, parseBytes),
      more: taking.memory,
      say: sayBytes,
      room: stop,
      place: home,
    },
    {
      label: "Sessions",
      ...quota.sessions,
      more: taking.sessions,
      say: String,
      room: (n) => `Delete ${n} of them on`,
      place: home,
    },
    {
      label: "Workspaces",
      ...quota.workspaces,
      more: taking.workspaces,
      say: String,
      room: (n) => `Choose one of yours, or delete ${n} of them on`,
      place: { to: "/workspaces", label: "Workspaces" },
    },
  ]
}

/// The quota as bars with numbers: used, about to be used, of how much.
export function Quota({ quota, taking = {} }: { quota: Me["quota"]; taking?: Taking }) {
  return (
    <div className="grid gap-x-8 gap-y-4 sm:grid-cols-2 lg:grid-cols-3">
      {partsOf(quota, taking).map(({ label, used, limit, more, say }) => (
        <Meter key={label} label={label} used={used} limit={limit} more={more} say={say} />
      ))}
    </div>
  )
}

/// What would be over the quota, a line each: what is used of the limit, what is wanted, and what would make room.
export function OverQuota({ quota, taking, id }: { quota: Me["quota"]; taking: Taking; id: string }) {
  return (
    <div id={id} className="space-y-1 rounded-md border border-waiting px-3 py-2">
      {overQuota(quota, taking).map(({ label, used, limit, more = 0, say, room, place }) => (
        <p key={label}>
          {`${label}: ${sayOf(say(used), say(limit))} in use, this session takes ${say(more)} more. `}
          {more > limit ? (
            "Ask an administrator for a higher limit."
          ) : (
            <>
              {room(say(used + more - limit))}{" "}
              <Link to={place.to} className="link">
                {place.label}
              </Link>
              .
            </>
          )}
        </p>
      ))}
    </div>
  )
}

/// What of the quota a launch would exceed.
export function overQuota(quota: Me["quota"], taking: Taking): Part[] {
  return partsOf(quota, taking).filter(({ used, limit, more }) => more && used + more > limit)
}
