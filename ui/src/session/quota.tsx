import { Link } from "@tanstack/react-router"
import type { Allowance, QuotaUse } from "@/api/types"
import { Meter } from "@/parts/meter"
import { parseBytes, parseCpu, sayBytes, sayCpu, sayOf } from "@/text/amounts"

/// What a launch takes on top of what is used.
export interface Taking {
  running?: number
  sessions?: number
  cpu?: number
  memory?: number
  gpu?: number
  workspaces?: number
  storage?: number
}

interface Part {
  label: string
  used: number
  limit?: number
  whose?: string
  more?: number
  say: (amount: number) => string
  /// What makes room for an amount, and on which page.
  room: (amount: string) => string
  place: Place
  /// Whether a session that lacks it may wait until others have ended.
  ends: boolean
}

interface Place {
  to: "/" | "/workspaces"
  label: string
}

const home: Place = { to: "/", label: "Home" }
const workspaces: Place = { to: "/workspaces", label: "Workspaces" }

function partsOf(quota: QuotaUse, taking: Taking): Part[] {
  const read = (
    use: { used: string; limit?: string; whose?: string },
    parse: (text?: string) => number | undefined,
  ) => ({ used: parse(use.used) ?? 0, limit: parse(use.limit), whose: use.whose })
  const stop = (amount: string) => `Hibernate or delete sessions that take ${amount} on`
  const running = { place: home, room: stop, ends: true }
  return [
    {
      ...running,
      label: "Running",
      ...quota.running,
      more: taking.running,
      say: String,
      room: (n) => `Hibernate or delete ${n} of them on`,
    },
    { ...running, label: "CPU", ...read(quota.cpu, parseCpu), more: taking.cpu, say: sayCpu },
    { ...running, label: "Memory", ...read(quota.memory, parseBytes), more: taking.memory, say: sayBytes },
    { ...running, label: "GPU", ...quota.gpu, more: taking.gpu, say: String },
    {
      label: "Sessions",
      ...quota.sessions,
      more: taking.sessions,
      say: String,
      room: (n) => `Delete ${n} of them on`,
      place: home,
      ends: false,
    },
    {
      label: "Workspaces",
      ...quota.workspaces,
      more: taking.workspaces,
      say: String,
      room: (n) => `Choose one of yours, or delete ${n} of them on`,
      place: workspaces,
      ends: false,
    },
    {
      label: "Storage",
      ...read(quota.storage, parseBytes),
      more: taking.storage,
      say: sayBytes,
      room: (amount) => `Choose a workspace of yours, or delete ${amount} of them on`,
      place: workspaces,
      ends: false,
    },
  ]
}

/// The quota as bars with numbers: used, about to be used, of how much, and whose limit it is. What nobody limits is
/// shown where it is used; of a `limited` one it is left out.
export function Quota({
  quota,
  taking = {},
  limited,
}: {
  quota: QuotaUse
  taking?: Taking
  limited?: boolean
}) {
  const shown = partsOf(quota, taking).filter(
    ({ limit, used, more, label }) =>
      limit !== undefined || (!limited && (label !== "GPU" || used + (more ?? 0) > 0)),
  )
  return (
    <div className="grid gap-x-8 gap-y-4 sm:grid-cols-2 lg:grid-cols-3">
      {shown.map(({ label, used, limit, whose, more, say }) => (
        <Meter key={label} label={label} used={used} limit={limit} more={more} say={say} whose={whose} />
      ))}
    </div>
  )
}

/// What somebody's groups may have together and how long sessions stay, beside their own quota.
export function Shares({ of }: { of: Pick<Allowance, "groups" | "stay"> }) {
  const groups = of.groups.filter(({ quota }) => partsOf(quota, {}).some((part) => part.limit !== undefined))
  return (
    <>
      {of.stay.length > 0 && (
        <ul className="mt-4 text-muted">
          {of.stay.map((limit) => (
            <li key={`${limit.what} ${limit.reason}`}>
              {limit.reason === "lifetime"
                ? `A session runs for ${limit.after} at most (${limit.whose}).`
                : `A session ${limit.what === "frozen" ? "freezes" : "stops"} after ${limit.after} without activity (${limit.whose}).`}
            </li>
          ))}
        </ul>
      )}
      {groups.map(({ name, description, quota }) => (
        <section key={name} aria-label={`Group ${name}`} className="mt-5 border-t border-line pt-4">
          <h3 className="font-medium">
            Group {name}
            {description && <span className="font-normal text-muted"> {description}</span>}
          </h3>
          <p className="mb-3 text-muted">What all its members have together.</p>
          <Quota quota={quota} limited />
        </section>
      ))}
    </>
  )
}

/// What would be over the quota, a line each: what is used of the limit, what is wanted, and what would make room.
export function OverQuota({ quota, taking, id }: { quota: QuotaUse; taking: Taking; id: string }) {
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
export function overQuota(quota: QuotaUse, taking: Taking): (Part & { limit: number })[] {
  const over = (part: Part): part is Part & { limit: number } =>
    part.limit !== undefined && !!part.more && part.used + part.more > part.limit
  return partsOf(quota, taking).filter(over)
}

/// Whether all that is short comes free when other sessions end: what a session can wait for.
export function canWait(quota: QuotaUse, taking: Taking): boolean {
  return overQuota(quota, taking).every(({ ends, more = 0, limit }) => ends && more <= limit)
}
