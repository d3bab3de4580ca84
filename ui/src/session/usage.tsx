import { useQuery } from "@tanstack/react-query"
import { usageQuery } from "@/api/queries"
import type { Session } from "@/api/types"
import { Meter } from "@/parts/meter"
import { Empty, Failed, Loading } from "@/parts/states"
import { isUp } from "@/text/phase"
import { parseBytes, parseCpu, sayBytes, sayCpu } from "@/text/amounts"

export function SessionUsage({ session }: { session: Session }) {
  const running = isUp(session.status.phase)
  const usage = useQuery(usageQuery(session.id, running))
  if (!running)
    return (
      <Empty title="Nothing runs, so nothing is used">
        CPU and memory are shown here while the session runs.
      </Empty>
    )
  if (usage.error && !usage.data)
    return <Failed error={usage.error} retry={() => void usage.refetch()} busy={usage.isFetching} />
  if (!usage.data) return <Loading what="Measuring" />
  const { cpu, memory, storage, limits } = usage.data
  return (
    <div className="panel grid max-w-3xl gap-x-8 gap-y-4 px-4 py-4 sm:grid-cols-2">
      <Meter label="CPU" used={parseCpu(cpu) ?? 0} limit={parseCpu(limits.cpu)} say={sayCpu} />
      <Meter label="Memory" used={parseBytes(memory) ?? 0} limit={parseBytes(limits.memory)} say={sayBytes} />
      {storage !== "0" && <p className="text-muted">{`Storage: ${sayBytes(parseBytes(storage))}`}</p>}
    </div>
  )
}
