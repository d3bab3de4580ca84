import { Link } from "@tanstack/react-router"
import type { ReactNode } from "react"
import type { Session } from "@/api/types"
import { Facts } from "@/parts/facts"
import { sentence } from "@/parts/states"
import { Ago } from "@/parts/time"
import { NoUse } from "@/session/no-use"
import { plural } from "@/text/amounts"
import { isUp } from "@/text/phase"
import { Ladder } from "./ladder"

export function Overview({ session }: { session: Session }) {
  const facts: [string, ReactNode][] = [
    [
      "Template",
      <Link key="template" to="/catalog/$name" params={{ name: session.template }} className="link">
        {session.templateName || session.template}
      </Link>,
    ],
    ["Revision", String(session.revision)],
    ["Workspace", session.workspace?.name ?? "none: files go when it stops"],
    [
      "Address",
      session.url ? (
        <code key="url" className="font-mono text-sm break-all">
          {session.url}
        </code>
      ) : (
        "none until it first runs"
      ),
    ],
    ["Engine", session.engine],
    ["Owner", session.user.name],
    ["Launched", <Ago key="launched" at={session.createdAt} />],
  ]
  if (session.lastActive) {
    facts.push([
      "Last used",
      <span key="used">
        <Ago at={session.lastActive.at} /> ({session.lastActive.source})
      </span>,
    ])
  }
  return (
    <div className="grid items-start gap-6 lg:grid-cols-2">
      <section aria-label="Facts" className="panel px-4 py-4">
        <Facts facts={facts} />
      </section>
      <div className="space-y-6">
        {isUp(session.status.phase) && <Ladder session={session} />}
        <section aria-label="Components" className="panel divide-y divide-line">
          {session.status.components.length === 0 && (
            <p className="px-4 py-4 text-muted">No component runs.</p>
          )}
          {session.status.components.map((c) => (
            <div key={c.name} className="px-4 py-3">
              <div className="flex flex-wrap items-baseline justify-between gap-x-4">
                <h2 className="font-medium">{c.name}</h2>
                <span className="text-sm text-muted">
                  {c.phase}
                  {c.restarts > 0 ? `, ${plural(c.restarts, "restart")}` : ""}
                </span>
              </div>
              {c.message && <p className="text-sm break-words text-muted">{sentence(c.message)}</p>}
            </div>
          ))}
        </section>
        <NoUse session={session} />
        {session.status.conditions.length > 0 && (
          <section aria-label="Conditions" className="panel divide-y divide-line">
            {session.status.conditions.map((c) => (
              <div key={c.type} className="px-4 py-3">
                <h2 className="font-medium">{c.type}</h2>
                <p className="text-sm break-words text-muted">{sentence(c.message)}</p>
              </div>
            ))}
          </section>
        )}
      </div>
    </div>
  )
}
