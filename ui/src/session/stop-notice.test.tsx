// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query"
import { act, cleanup, render, screen } from "@testing-library/react"
import { afterEach, expect, test, vi } from "vitest"
import type { Session } from "@/api/types"
import { aSession } from "@/test-session"
import { StopNotice } from "./stop-notice"

afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

const stops: Session["stopsAt"] = {
  at: "2026-03-01T12:05:00Z",
  what: "hibernated",
  reason: "idle",
  why: "30m without activity, the limit of the template",
  after: "30m",
  whose: "the template",
  warned: true,
}

function show(stopsAt: Session["stopsAt"], phase: Session["status"]["phase"] = "running") {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <StopNotice session={aSession({ stopsAt }, { phase })} />
    </QueryClientProvider>,
  )
}

test("a stop that is near counts down, says why, and can be put off", () => {
  vi.useFakeTimers({ now: new Date("2026-03-01T12:03:30Z") })
  show(stops)
  expect(screen.getByText(/In 1 m 30 s: 30m without activity, the limit of the template/)).toBeTruthy()
  act(() => void vi.advanceTimersByTime(60_000))
  expect(screen.getByText(/In 30 s/)).toBeTruthy()
  act(() => void vi.advanceTimersByTime(60_000))
  expect(screen.getByText(/Now:/)).toBeTruthy()
  expect(screen.getByRole("button", { name: "Keep it running" })).toBeTruthy()
  expect(screen.getByRole("status").textContent).toBe("lab hibernates soon")
})

test("the end of a life cannot be put off, so nothing offers it", () => {
  show({ ...stops, reason: "lifetime" })
  expect(screen.queryByRole("button")).toBeNull()
  expect(screen.getByText(/Save what is open/)).toBeTruthy()
})

test("a frozen session tells of its end too", () => {
  show(stops, "frozen")
  expect(screen.getByRole("button", { name: "Keep it running" })).toBeTruthy()
})

test("a stop that is far, and a session that does not run, say nothing", () => {
  show({ ...stops, warned: false })
  show(stops, "hibernated")
  show(undefined)
  expect(screen.queryByRole("region")).toBeNull()
})
