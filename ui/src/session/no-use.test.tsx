// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query"
import { cleanup, render, screen } from "@testing-library/react"
import { afterEach, expect, test } from "vitest"
import { whyQuery } from "@/api/queries"
import type { Session } from "@/api/types"
import { aSession } from "@/test-session"
import { NoUse } from "./no-use"

afterEach(cleanup)

const stopsAt: Session["stopsAt"] = {
  at: "2026-03-01T12:05:00Z",
  what: "hibernated",
  reason: "idle",
  why: "30m without activity, the limit of the template",
  after: "30m",
  whose: "the template",
  warned: false,
}

function show(session: Session, uncounted: object[]) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } })
  client.setQueryData(whyQuery(session.id, true).queryKey, { uncounted } as never)
  render(
    <QueryClientProvider client={client}>
      <NoUse session={session} />
    </QueryClientProvider>,
  )
}

const polls = {
  what: "requests at /poll",
  why: "the template says that nobody makes them",
  times: 3,
  lastAt: "2026-03-01T12:00:00Z",
}

test("what was seen and does not count is listed with its reason", () => {
  show(aSession({ stopsAt }), [polls])
  expect(screen.getByRole("heading", { name: "What does not count as use" })).toBeTruthy()
  expect(screen.getByText(/Requests at \/poll/)).toBeTruthy()
  expect(screen.getByText(/3 times, last/)).toBeTruthy()
  expect(screen.getByText("The template says that nobody makes them.")).toBeTruthy()
})

test("nothing is said where nothing was seen, and of what has no limit", () => {
  show(aSession({ stopsAt }), [])
  show(aSession(), [polls])
  expect(screen.queryByRole("heading")).toBeNull()
})
