import { useQuery, useQueryClient } from "@tanstack/react-query"
import { endLogin } from "@/api/actions"
import { loginsQuery } from "@/api/queries"
import type { Login } from "@/api/types"
import { useAct } from "@/parts/act"
import { Button } from "@/parts/button"
import { type Column, Rows } from "@/parts/rows"
import { Section } from "@/parts/section"
import { Failed, Loading } from "@/parts/states"
import { Ago } from "@/parts/time"
import { say, sayProblem } from "@/parts/toast"

const columns: Column<Login>[] = [
  {
    name: "Where",
    cell: (l) => (
      <>
        <span title={l.userAgent}>{sayAgent(l.userAgent)}</span>
        {l.current && (
          <span className="ml-2 rounded-full bg-tint px-2 text-sm text-accent">this browser</span>
        )}
      </>
    ),
  },
  { name: "Since", cell: (l) => <Ago at={l.createdAt} /> },
  { name: "Ends", cell: (l) => <Ago at={l.expiresAt} /> },
  { name: "Actions", cell: (l) => <End login={l} />, className: "sm:text-right" },
]

export function Logins() {
  const logins = useQuery(loginsQuery())
  return (
    <Section title="Sign-ins" lead="Browsers that are signed in as you.">
      {logins.error && !logins.data ? (
        <Failed error={logins.error} retry={() => void logins.refetch()} busy={logins.isFetching} />
      ) : !logins.data ? (
        <Loading what="Loading sign-ins" />
      ) : logins.data.items.length === 0 ? (
        <p className="text-muted">No browser is signed in.</p>
      ) : (
        <Rows label="Sign-ins" columns={columns} rows={logins.data.items} id={(l) => l.id} />
      )}
    </Section>
  )
}

function End({ login }: { login: Login }) {
  const cache = useQueryClient()
  const end = useAct({
    mutationFn: () => endLogin(login),
    onSuccess: () => {
      say("Sign-in ended")
      void cache.invalidateQueries({ queryKey: ["logins"] })
    },
    onError: (error) => sayProblem("The sign-in was not ended", error),
  })
  if (login.current) return null
  return (
    <Button
      size="small"
      busy={end.isPending}
      onClick={() => end.mutate()}
      aria-label={`End sign-in of ${sayAgent(login.userAgent)}`}
    >
      End
    </Button>
  )
}

/// The browser and system of a user agent, as far as it says.
export function sayAgent(agent: string): string {
  const browser =
    (/Edg\//.test(agent) && "Edge") ||
    (/Firefox\//.test(agent) && "Firefox") ||
    (/Chrome\//.test(agent) && "Chrome") ||
    (/Safari\//.test(agent) && "Safari")
  const system = /Windows|Mac OS X|Android|iPhone|iPad|Linux/.exec(agent)?.[0]?.replace("Mac OS X", "macOS")
  return browser
    ? [browser, system && `on ${system}`].filter(Boolean).join(" ")
    : agent.slice(0, 60) || "unknown"
}
