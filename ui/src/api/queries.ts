import { keepPreviousData, queryOptions } from "@tanstack/react-query"
import { lookAgain } from "@/text/sweep"
import { whileAway } from "./cache"
import { call, client } from "./client"
import type { Phase, Sweep } from "./types"

/// What a list is asked for; the same names as in the address.
export interface ListAsk {
  q?: string
  sort?: string
  cursor?: string
  limit?: number
}

export interface SessionAsk extends ListAsk {
  all?: boolean
  phase?: Phase
  template?: string
}

const V = "/api/v1"

export const sessionsQuery = (ask: SessionAsk = {}) =>
  queryOptions({
    queryKey: ["sessions", ask],
    queryFn: ({ signal }) => call(client.GET(`${V}/sessions`, { params: { query: tidy(ask) }, signal })),
    placeholderData: keepPreviousData,
  })

export const sessionQuery = (id: string) =>
  queryOptions({
    queryKey: ["session", id],
    queryFn: ({ signal }) => call(client.GET(`${V}/sessions/{id}`, { params: { path: { id } }, signal })),
    // Use moves when it stops, and is told to nobody as it happens.
    refetchInterval: (query) => (query.state.data?.stopsAt ? 30_000 : whileAway(query)),
  })

/// Why it is as it is, with what was seen of it and is no use. Nobody is told as that comes.
export const whyQuery = (id: string, enabled: boolean) =>
  queryOptions({
    queryKey: ["why", id],
    queryFn: ({ signal }) => call(client.GET(`${V}/sessions/{id}/why`, { params: { path: { id } }, signal })),
    enabled,
    refetchInterval: 60_000,
  })

export const sessionEventsQuery = (id: string) =>
  queryOptions({
    queryKey: ["session-events", id],
    queryFn: ({ signal }) =>
      call(client.GET(`${V}/sessions/{id}/events`, { params: { path: { id } }, signal })),
  })

export const usageQuery = (id: string, running: boolean) =>
  queryOptions({
    queryKey: ["usage", id],
    queryFn: ({ signal }) =>
      call(client.GET(`${V}/sessions/{id}/usage`, { params: { path: { id } }, signal })),
    enabled: running,
    refetchInterval: 5_000,
  })

export const templatesQuery = (ask: ListAsk & { category?: string } = {}) =>
  queryOptions({
    queryKey: ["templates", ask],
    queryFn: ({ signal }) => call(client.GET(`${V}/templates`, { params: { query: tidy(ask) }, signal })),
    placeholderData: keepPreviousData,
  })

export const templateQuery = (name: string) =>
  queryOptions({
    queryKey: ["template", name],
    queryFn: ({ signal }) =>
      call(client.GET(`${V}/templates/{name}`, { params: { path: { name } }, signal })),
  })

export const revisionsQuery = (name: string) =>
  queryOptions({
    queryKey: ["template", name, "revisions"],
    queryFn: ({ signal }) =>
      call(client.GET(`${V}/templates/{name}/revisions`, { params: { path: { name } }, signal })),
  })

export const workspacesQuery = (ask: ListAsk & { template?: string; all?: boolean } = {}) =>
  queryOptions({
    queryKey: ["workspaces", ask],
    queryFn: ({ signal }) => call(client.GET(`${V}/workspaces`, { params: { query: tidy(ask) }, signal })),
    placeholderData: keepPreviousData,
  })

export const meQuery = () =>
  queryOptions({
    queryKey: ["me"],
    queryFn: ({ signal }) => call(client.GET(`${V}/users/me`, { signal })),
    staleTime: 60_000,
  })

export const tokensQuery = () =>
  queryOptions({
    queryKey: ["tokens"],
    queryFn: ({ signal }) => call(client.GET(`${V}/users/me/tokens`, { signal })),
  })

export const loginsQuery = () =>
  queryOptions({
    queryKey: ["logins"],
    queryFn: ({ signal }) => call(client.GET(`${V}/users/me/logins`, { signal })),
  })

export const secretsQuery = () =>
  queryOptions({
    queryKey: ["secrets"],
    queryFn: ({ signal }) => call(client.GET(`${V}/users/me/secrets`, { signal })),
  })

export const filesQuery = () =>
  queryOptions({
    queryKey: ["files"],
    queryFn: ({ signal }) => call(client.GET(`${V}/users/me/files`, { signal })),
  })

export const consentsQuery = () =>
  queryOptions({
    queryKey: ["consents"],
    queryFn: ({ signal }) => call(client.GET(`${V}/users/me/consents`, { signal })),
  })

export const needsQuery = (name: string) =>
  queryOptions({
    queryKey: ["needs", name],
    queryFn: ({ signal }) =>
      call(client.GET(`${V}/templates/{name}/needs`, { params: { path: { name } }, signal })),
  })

/// While a rotation goes on nothing tells how far it is.
export const keysQuery = () =>
  queryOptions({
    queryKey: ["keys"],
    queryFn: ({ signal }) => call(client.GET(`${V}/admin/keys`, { signal })),
    refetchInterval: (query) => (query.state.data?.rotating ? 2_000 : whileAway(query)),
  })

export const usersQuery = (ask: ListAsk & { active?: boolean } = {}) =>
  queryOptions({
    queryKey: ["users", ask],
    queryFn: ({ signal }) => call(client.GET(`${V}/users`, { params: { query: tidy(ask) }, signal })),
    placeholderData: keepPreviousData,
  })

export const userQuotaQuery = (id: string) =>
  queryOptions({
    queryKey: ["user-quota", id],
    queryFn: ({ signal }) => call(client.GET(`${V}/users/{id}/quota`, { params: { path: { id } }, signal })),
  })

export const tiersQuery = (ask: ListAsk = {}) =>
  queryOptions({
    queryKey: ["tiers", ask],
    queryFn: ({ signal }) => call(client.GET(`${V}/tiers`, { params: { query: tidy(ask) }, signal })),
    placeholderData: keepPreviousData,
  })

export const groupsQuery = (ask: ListAsk = {}) =>
  queryOptions({
    queryKey: ["groups", ask],
    queryFn: ({ signal }) => call(client.GET(`${V}/groups`, { params: { query: tidy(ask) }, signal })),
    placeholderData: keepPreviousData,
  })

export const membersQuery = (id: string) =>
  queryOptions({
    queryKey: ["members", id],
    queryFn: ({ signal }) =>
      call(
        client.GET(`${V}/groups/{id}/members`, { params: { path: { id }, query: { limit: 200 } }, signal }),
      ),
  })

export interface AuditAsk {
  actor?: string
  kind?: string
  subject?: string
  cursor?: string
  limit?: number
}

export const auditQuery = (ask: AuditAsk = {}) =>
  queryOptions({
    queryKey: ["audit", ask],
    queryFn: ({ signal }) => call(client.GET(`${V}/admin/audit`, { params: { query: tidy(ask) }, signal })),
    placeholderData: keepPreviousData,
  })

export const enginesQuery = () =>
  queryOptions({
    queryKey: ["engines"],
    queryFn: ({ signal }) => call(client.GET(`${V}/engines`, { signal })),
  })

const lookAtSweep = (findings: boolean, signal: AbortSignal) =>
  call(client.GET(`${V}/admin/sweep`, { params: { query: { findings } }, signal }))

/// Asks the engines themselves, so only when somebody looks; not while a sweep was asked for and has not been done.
export const sweepQuery = () =>
  queryOptions({
    queryKey: ["sweep"],
    queryFn: async ({ signal, client: cache, queryKey }) => {
      const before = cache.getQueryData<Sweep>(queryKey)
      if (before?.asked) {
        const progress = await lookAtSweep(false, signal)
        if (progress.asked) return { ...before, ...progress, findings: before.findings, away: before.away }
      }
      return lookAtSweep(true, signal)
    },
    refetchInterval: (query) =>
      query.state.data ? lookAgain(query.state.data, Date.now()) : whileAway(query),
  })

export const authStateQuery = () =>
  queryOptions({
    queryKey: ["auth-state"],
    queryFn: ({ signal }) => call(client.GET("/auth/state", { signal })),
    staleTime: 0,
  })

export const ticketQuery = (ticket: string) =>
  queryOptions({
    queryKey: ["ticket", ticket],
    queryFn: ({ signal }) =>
      call(client.GET("/auth/ticket/{ticket}", { params: { path: { ticket } }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
  })

/// Leaves out what is not asked, so that the address of a request says only what matters.
export function tidy<T extends object>(ask: T): T {
  return Object.fromEntries(Object.entries(ask).filter(([, v]) => v !== undefined && v !== "")) as T
}
