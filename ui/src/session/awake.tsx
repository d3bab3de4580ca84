import { useMutation, useQuery } from "@tanstack/react-query"
import { type ReactNode, useEffect, useRef } from "react"
import { wake } from "@/api/actions"
import { sessionQuery } from "@/api/queries"
import type { Session } from "@/api/types"
import { ButtonLink } from "@/parts/button"
import { Page } from "@/parts/page"
import { Empty, Failed, Loading, ProblemNote } from "@/parts/states"
import { isUp } from "@/text/phase"
import { OpenButton } from "./open-button"
import { Steps } from "./steps"
import { StopNotice } from "./stop-notice"

interface AwakeProps {
  id: string
  /// What the page shows of the session: Terminal, Desktop.
  title: string
  children: (session: Session) => ReactNode
}

/// A page that needs a running session: wakes it once, shows the steps, then what was asked for. That stays while
/// the session is frozen: using it makes it go on.
export function Awake({ id, title, children }: AwakeProps) {
  const found = useQuery(sessionQuery(id))
  const session = found.data
  const asked = useRef<number>(undefined)
  const start = useMutation({ mutationFn: wake })
  const { mutate } = start
  const asleep = session?.status.phase === "hibernated" && session.state === "hibernated"

  useEffect(() => {
    if (!session || !asleep || asked.current === session.status.incarnation) return
    asked.current = session.status.incarnation
    mutate(session)
  }, [session, asleep, mutate])

  const name = session?.name ?? "Session"
  const phase = session?.status.phase
  const up = phase !== undefined && isUp(phase)
  return (
    <Page
      title={`${name}: ${title.toLowerCase()}`}
      name={`${title} of ${name}`}
      crumbs={[
        { label: "Home", to: "/" },
        { label: name, to: `/sessions/${id}` },
      ]}
      beside={phase === "failed" && session ? <OpenButton session={session} /> : undefined}
      className={up ? "flex max-w-none flex-1 flex-col" : undefined}
    >
      {found.error && !session ? (
        <Failed error={found.error} retry={() => void found.refetch()} busy={found.isFetching} />
      ) : !session ? (
        <Loading what="Loading the session" />
      ) : up ? (
        <>
          <StopNotice session={session} />
          {children(session)}
        </>
      ) : phase === "gone" || phase === "terminating" ? (
        <Empty title="This session is deleted" action={<ButtonLink to="/">Go home</ButtonLink>} />
      ) : (
        <div className="space-y-4">
          {start.error && <ProblemNote error={start.error} />}
          {asleep && !start.error && <Loading what={`Waking ${name}`} />}
          {phase === "stopping" && (
            <p className="text-muted">It is stopping. It can be opened again when it has stopped.</p>
          )}
          <Steps session={session} />
        </div>
      )}
    </Page>
  )
}
