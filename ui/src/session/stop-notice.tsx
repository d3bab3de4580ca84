import { Clock } from "lucide-react"
import { extend } from "@/api/actions"
import type { Session } from "@/api/types"
import { useAct } from "@/parts/act"
import { Button } from "@/parts/button"
import { useCountdown } from "@/parts/time"
import { sayProblem } from "@/parts/toast"
import { isUp } from "@/text/phase"
import { sayElapsed } from "@/text/time"

/// What is about to stop a session and when, with the one click that keeps it running where that is possible.
export function StopNotice({ session }: { session: Session }) {
  const stop = session.stopsAt
  const left = useCountdown(stop?.warned ? stop.at : undefined)
  const keep = useAct({
    mutationFn: () => extend(session),
    onError: (error) => sayProblem(`${session.name}: not extended`, error),
  })
  if (!stop?.warned || !isUp(session.status.phase)) return null
  const idle = stop.reason === "idle"
  return (
    <section
      aria-label="About to hibernate"
      className="panel flex flex-wrap items-center gap-x-4 gap-y-2 border-waiting px-4 py-3"
    >
      <Clock aria-hidden className="size-5 shrink-0 text-waiting" />
      <div className="min-w-0 flex-1 basis-52">
        {/* Read aloud once when it appears; the seconds are for the eye. */}
        <p role="status" className="font-medium">
          {session.name} hibernates soon
        </p>
        <p className="text-sm text-muted">
          {left > 0 ? `In ${sayElapsed(left)}` : "Now"}: {stop.why}.{" "}
          {idle ? "Using it, or the button, keeps it running." : "Save what is open: its files stay."}
        </p>
      </div>
      {idle && (
        <Button look="primary" busy={keep.isPending} onClick={() => keep.mutate()}>
          Keep it running
        </Button>
      )}
    </section>
  )
}
