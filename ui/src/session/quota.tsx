import type { Me } from "@/api/types"
import { Meter } from "@/parts/meter"
import { parseBytes, parseCpu, sayBytes, sayCpu } from "@/text/amounts"

/// What a launch takes on top of what is used.
export interface Taking {
  running?: number
  sessions?: number
  cpu?: number
  memory?: number
  workspaces?: number
}

/// The quota as bars with numbers: used, about to be used, of how much.
export function Quota({ quota, taking = {} }: { quota: Me["quota"]; taking?: Taking }) {
  const count = String
  return (
    <div className="grid gap-x-8 gap-y-4 sm:grid-cols-2 lg:grid-cols-3">
      <Meter
        label="Running"
        used={quota.running.used}
        limit={quota.running.limit}
        more={taking.running}
        say={count}
      />
      <Meter
        label="CPU"
        used={parseCpu(quota.cpu.used) ?? 0}
        limit={parseCpu(quota.cpu.limit)}
        more={taking.cpu}
        say={sayCpu}
      />
      <Meter
        label="Memory"
        used={parseBytes(quota.memory.used) ?? 0}
        limit={parseBytes(quota.memory.limit)}
        more={taking.memory}
        say={sayBytes}
      />
      <Meter
        label="Sessions"
        used={quota.sessions.used}
        limit={quota.sessions.limit}
        more={taking.sessions}
        say={count}
      />
      <Meter
        label="Workspaces"
        used={quota.workspaces.used}
        limit={quota.workspaces.limit}
        more={taking.workspaces}
        say={count}
      />
    </div>
  )
}

/// What would be over the quota, by name.
export function overQuota(quota: Me["quota"], taking: Taking): string[] {
  const over: string[] = []
  const count = (name: string, use: { used: number; limit: number }, more = 0) => {
    if (use.used + more > use.limit) over.push(name)
  }
  const number = (text: string, parse: (text: string) => number | undefined) => parse(text) ?? 0
  const use = (pair: { used: string; limit: string }, parse: (text: string) => number | undefined) => ({
    used: number(pair.used, parse),
    limit: number(pair.limit, parse),
  })
  count("running sessions", quota.running, taking.running)
  count("CPU", use(quota.cpu, parseCpu), taking.cpu)
  count("memory", use(quota.memory, parseBytes), taking.memory)
  count("sessions", quota.sessions, taking.sessions)
  count("workspaces", quota.workspaces, taking.workspaces)
  return over
}
