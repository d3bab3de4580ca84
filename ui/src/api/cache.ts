import { QueryClient } from "@tanstack/react-query"
import { Problem } from "./problem"

/// How often a page that waits for its first answer asks for it while the server is away.
const askAgain = 15_000

/// The change feed says when something is old, so nothing is fetched again only because time passed.
export const cache = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 1 && error instanceof Problem && error.status >= 500,
      retryDelay: 800,
      refetchInterval: ({ state: { data, error } }) =>
        !data && error instanceof Problem && error.away ? askAgain : false,
    },
    mutations: { retry: false },
  },
})
