import { QueryClient, QueryObserver } from "@tanstack/react-query"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { aSession } from "@/test-session"
import { Changes } from "./changes"
import { Problem, unreachable } from "./problem"
import type { Page, Session } from "./types"

let cache: QueryClient
let changes: Changes

beforeEach(() => {
  vi.useFakeTimers()
  cache = new QueryClient()
  changes = new Changes(cache)
  cache.setQueryData(["session", "ses_1"], aSession())
  cache.setQueryData(["sessions", {}], { items: [aSession(), aSession({ id: "ses_2" })], total: 2 })
})
afterEach(() => vi.useRealTimers())

const phases = () => cache.getQueryData<Page<Session>>(["sessions", {}])?.items.map((s) => s.status.phase)

test("a step that moved is written into the page and every list without a request", () => {
  const asked = vi.spyOn(cache, "invalidateQueries")
  const status = aSession({}, { phase: "starting", incarnation: 2 }).status
  changes.apply({ kind: "session.updated", subject: "ses_1", sequence: 1, data: { name: "lab", status } })
  vi.advanceTimersByTime(1000)
  expect(cache.getQueryData<Session>(["session", "ses_1"])?.status).toEqual(status)
  expect(phases()).toEqual(["starting", "running"])
  expect(asked).not.toHaveBeenCalled()
})

test("news of an earlier start changes nothing", () => {
  changes.apply({
    kind: "session.updated",
    subject: "ses_1",
    sequence: 1,
    data: { name: "lab", status: aSession({}, { phase: "failed", incarnation: 0 }).status },
  })
  expect(phases()).toEqual(["running", "running"])
})

test("many changes ask for each query once", () => {
  const asked = vi.spyOn(cache, "invalidateQueries").mockResolvedValue()
  for (let i = 0; i < 50; i++) changes.apply({ kind: "session.started", subject: "ses_1", sequence: i })
  vi.advanceTimersByTime(1000)
  expect(asked.mock.calls.map(([filter]) => filter?.queryKey)).toEqual([
    ["session", "ses_1"],
    ["sessions"],
    ["session-events", "ses_1"],
    ["me"],
    ["template"],
  ])
})

test("when the server is back, what it was asked for in vain is asked for again, and nothing else", async () => {
  const away = vi.fn().mockRejectedValue(unreachable())
  const refused = vi.fn().mockRejectedValue(new Problem(403, "forbidden", "not yours"))
  const had = vi.fn().mockResolvedValue(1)
  const watch = (key: string, queryFn: () => Promise<unknown>) =>
    new QueryObserver(cache, { queryKey: [key], queryFn, retry: false }).subscribe(() => {})
  watch("away", away)
  watch("refused", refused)
  watch("had", had)
  await vi.advanceTimersByTimeAsync(10)
  changes.back()
  await vi.advanceTimersByTimeAsync(10)
  expect([away, refused, had].map((asked) => asked.mock.calls.length)).toEqual([2, 1, 1])
})

test("news of a session that was about to stop ask whether it still is", () => {
  const asked = vi.spyOn(cache, "invalidateQueries").mockResolvedValue()
  const stopsAt = { warned: true } as Session["stopsAt"]
  cache.setQueryData(["session", "ses_1"], aSession({ stopsAt }))
  const status = aSession({}, { message: "another" }).status
  changes.apply({ kind: "session.updated", subject: "ses_1", sequence: 1, data: { status } })
  vi.advanceTimersByTime(1000)
  expect(asked.mock.calls.map(([filter]) => filter?.queryKey)).toEqual([["session", "ses_1"], ["sessions"]])
})

test("news that is no step, and an ask, ask for the session: what becomes of it is another thing now", () => {
  const asked = vi.spyOn(cache, "invalidateQueries").mockResolvedValue()
  const { status } = aSession()
  changes.apply({ kind: "session.updated", subject: "ses_1", sequence: 1, data: { name: "lab", status } })
  vi.advanceTimersByTime(1000)
  expect(asked.mock.calls.map(([filter]) => filter?.queryKey)).toEqual([["session", "ses_1"], ["sessions"]])
  asked.mockClear()
  const begun = aSession({}, { phase: "starting" }).status
  changes.apply({
    kind: "session.updated",
    subject: "ses_1",
    sequence: 2,
    data: { name: "lab", status: begun, state: "running" },
  })
  vi.advanceTimersByTime(1000)
  expect(asked).toHaveBeenCalledWith({ queryKey: ["session", "ses_1"] })
})
