import { Tabs } from "@base-ui/react/tabs"
import { useQuery } from "@tanstack/react-query"
import { useNavigate, useParams, useSearch } from "@tanstack/react-router"
import { Problem } from "@/api/problem"
import { meQuery, sessionQuery } from "@/api/queries"
import type { Session } from "@/api/types"
import { ButtonLink } from "@/parts/button"
import { Page } from "@/parts/page"
import { PhaseMark } from "@/parts/phase"
import { Empty, Failed, Loading } from "@/parts/states"
import { Tile } from "@/parts/tile"
import { useNow } from "@/parts/time"
import type { Tab } from "@/router"
import { SessionEvents } from "@/session/events"
import { Logs } from "@/session/logs"
import { SessionMenu } from "@/session/menu"
import { hasDesktop } from "@/session/open"
import { OpenButton } from "@/session/open-button"
import { Overview } from "@/session/overview"
import { SessionSettings } from "@/session/settings"
import { Steps } from "@/session/steps"
import { StopNotice } from "@/session/stop-notice"
import { SessionUsage } from "@/session/usage"
import { isUp, sayState } from "@/text/phase"

const labels: Record<Tab, string> = {
  overview: "Overview",
  logs: "Logs",
  terminal: "Terminal",
  usage: "Usage",
  events: "Events",
  settings: "Settings",
}

const inside: Tab[] = ["logs", "terminal"]

/// One session: its state, its one action, its steps, and what else there is to know.
export function SessionPage() {
  const { id } = useParams({ from: "/frame/sessions/$id" })
  const { tab = "overview" } = useSearch({ from: "/frame/sessions/$id" })
  const found = useQuery(sessionQuery(id))
  const session = found.data
  const ended = session && found.error instanceof Problem && found.error.status === 404
  const name = session?.name ?? "Session"
  const me = useQuery(meQuery()).data
  // What is inside is the owner's only; an administrator sees the rest.
  const mine = !me || session?.user.id === me.id
  return (
    <Page
      title={name}
      name={tab === "overview" ? name : `${labels[tab]} · ${name}`}
      crumbs={[{ label: "Home", to: "/" }]}
      mark={session && <Tile name={session.templateName || session.template} icon={session.icon} />}
      lead={session && !ended && <State session={session} />}
      beside={
        session &&
        !ended &&
        mine && (
          <>
            <OpenButton session={session} />
            <SessionMenu session={session} />
          </>
        )
      }
    >
      {found.error && !session ? (
        <Failed error={found.error} retry={() => void found.refetch()} busy={found.isFetching} />
      ) : !session ? (
        <Loading what="Loading the session" />
      ) : ended ? (
        <Gone session={session} />
      ) : (
        <div className="space-y-6">
          {session.status.phase === "gone" && <Gone session={session} />}
          <StopNotice session={session} />
          <Steps session={session} />
          <Details session={session} tab={mine || !inside.includes(tab) ? tab : "overview"} mine={mine} />
        </div>
      )}
    </Page>
  )
}

function State({ session }: { session: Session }) {
  const now = useNow()
  return (
    <span className="flex flex-wrap items-center gap-x-2">
      <PhaseMark phase={session.status.phase} />
      {session.status.phase !== "failed" && (
        <span className="min-w-0 break-words">{sayState(session, now)}</span>
      )}
    </span>
  )
}

function Gone({ session }: { session: Session }) {
  return (
    <Empty
      title="This session is deleted"
      action={
        <ButtonLink
          to="/launch"
          search={{ template: session.template, workspace: session.workspace?.name }}
          look="primary"
        >
          Launch another
        </ButtonLink>
      }
    >
      {session.workspace ? `Its files are in workspace ${session.workspace.name}.` : "It kept no files."}
    </Empty>
  )
}

function Details({ session, tab, mine }: { session: Session; tab: Tab; mine: boolean }) {
  const navigate = useNavigate({ from: "/sessions/$id" })
  return (
    <Tabs.Root
      value={tab}
      onValueChange={(next: Tab) =>
        void navigate({ search: { tab: next === "overview" ? undefined : next }, replace: true })
      }
    >
      <Tabs.List
        aria-label="Parts of the session"
        className="relative flex flex-wrap gap-x-1 border-b border-line"
      >
        {(Object.keys(labels) as Tab[])
          .filter((name) => mine || !inside.includes(name))
          .map((name) => (
            <Tabs.Tab
              key={name}
              value={name}
              className="h-10 shrink-0 border-b-2 border-transparent px-3 text-muted outline-offset-[-2px] hover:text-text aria-selected:border-accent aria-selected:font-medium aria-selected:text-text"
            >
              {labels[name]}
            </Tabs.Tab>
          ))}
      </Tabs.List>
      <Panel name="overview">
        <Overview session={session} />
      </Panel>
      <Panel name="logs">
        <Logs session={session} />
      </Panel>
      <Panel name="terminal">
        <TerminalTab session={session} />
      </Panel>
      <Panel name="usage">
        <SessionUsage session={session} />
      </Panel>
      <Panel name="events">
        <SessionEvents session={session} />
      </Panel>
      <Panel name="settings">
        <SessionSettings session={session} />
      </Panel>
    </Tabs.Root>
  )
}

function Panel({ name, children }: { name: Tab; children: React.ReactNode }) {
  return (
    <Tabs.Panel value={name} className="pt-5 outline-offset-4">
      {children}
    </Tabs.Panel>
  )
}

function TerminalTab({ session }: { session: Session }) {
  const running = isUp(session.status.phase)
  return (
    <div className="flex flex-col items-start gap-3">
      <p className="max-w-prose text-muted">
        {running
          ? "A shell in this session. It goes on when the window closes, and the same shell is there when you come back."
          : "Opening a terminal wakes the session first."}
      </p>
      <div className="flex flex-wrap gap-2">
        {session.status.components.length > 1 ? (
          session.status.components.map((c) => (
            <ButtonLink
              key={c.name}
              to="/sessions/$id/terminal"
              params={{ id: session.id }}
              search={{ component: c.name }}
            >
              Terminal in {c.name}
            </ButtonLink>
          ))
        ) : (
          <ButtonLink to="/sessions/$id/terminal" params={{ id: session.id }}>
            Open a terminal
          </ButtonLink>
        )}
        {hasDesktop(session) && (
          <ButtonLink to="/sessions/$id/desktop" params={{ id: session.id }}>
            Open the desktop
          </ButtonLink>
        )}
      </div>
    </div>
  )
}
