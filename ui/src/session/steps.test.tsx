// @vitest-environment jsdom
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router"
import { cleanup, render, screen } from "@testing-library/react"
import { afterEach, expect, test, vi } from "vitest"
import type { Session, Step } from "@/api/types"
import { aSession } from "@/test-session"
import { Steps } from "./steps"

afterEach(cleanup)

/// Steps have a link, and a link needs a router.
async function show(session: Session) {
  const page = createRootRoute({
    component: () => (
      <main>
        <Steps session={session} />
      </main>
    ),
  })
  vi.stubGlobal("scrollTo", () => {})
  const router = createRouter({ routeTree: page, history: createMemoryHistory() })
  render(<RouterProvider router={router as never} />)
  return screen.findByRole("main")
}

const names = ["admitted", "scheduled", "pulled", "started", "ready", "routed"] as const

function at(n: number, state: Step["state"], message?: string): Step[] {
  return names.map((name, i) =>
    i < n
      ? { name, state: "done", seconds: i }
      : { name, state: i === n ? state : "waiting", message: i === n ? message : undefined },
  )
}

test("success folds to one line with the total", async () => {
  await show(aSession())
  expect(screen.getByText("Ready", { selector: "summary span" }).closest("details")?.open).toBe(false)
  expect(screen.getByText("in 5.0 s")).toBeTruthy()
})

test("while it starts, each step is there in order, live, with the engine's words", async () => {
  await show(aSession({}, { phase: "starting", steps: at(2, "active", "layer 3 of 9") }))
  const steps = screen.getAllByRole("listitem")
  expect(steps.map((s) => s.dataset.step)).toEqual([...names])
  expect(steps.map((s) => s.dataset.state)).toEqual([
    "done",
    "done",
    "active",
    "waiting",
    "waiting",
    "waiting",
  ])
  expect(steps[0]?.closest("[aria-live=polite]")).not.toBeNull()
  expect(screen.getByText("layer 3 of 9")).toBeTruthy()
})

test("a failure says its cause and its last lines, and nothing turns any more", async () => {
  const container = await show(
    aSession(
      {},
      {
        phase: "failed",
        message: 'component "main" exited with status 1',
        lastLog: ["boom"],
        steps: at(3, "failed"),
      },
    ),
  )
  expect(screen.getByRole("alert").textContent).toContain('Component "main" exited with status 1.')
  expect(screen.getByRole("group", { name: "Last lines it wrote" }).textContent).toBe("boom")
  expect(container.querySelectorAll(".animate-spin, [role=progressbar], [aria-busy=true]")).toHaveLength(0)
})

test("a stopped session shows no steps", async () => {
  const container = await show(aSession({}, { phase: "hibernated", steps: at(0, "waiting") }))
  expect(container.textContent).toBe("")
})
