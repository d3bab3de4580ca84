import { QueryClient } from "@tanstack/react-query"
import { Problem } from "./problem"

/// The change feed says when something is old, so nothing is fetched again only because time passed.
export const cache = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 1 && error instanceof Problem && error.status >= 500,
      retryDelay: 800,
    },
    mutations: { retry: false },
  },
})
