import { QueryClient } from "@tanstack/react-query"
import { Problem } from "./problem"

/// How often a page that waits for its first answer asks for it while the server is away.
const askAgain = 15_000

/// What asks by itself for other reasons too has this beside them: a query's own interval replaces the common one.
export function whileAway({ state: { data, error } }: { state: { data?: unknown; error: unknown } }) {
  return !data && error instanceof Problem && error.away ? askAgain : false
}

/// The change feed says when something is old, so nothing is fetched again only because time passed.
export const cache = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 1 && error instanceof Problem && error.status >= 500,
      retryDelay: 800,
      refetchInterval: whileAway,
    },
    mutations: { retry: false },
  },
})
