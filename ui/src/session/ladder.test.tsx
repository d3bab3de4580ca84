// @vitest-environment jsdom
import { cleanup, render, screen } from "@testing-library/react"
import { afterEach, expect, test } from "vitest"
import type { Session } from "@/api/types"
import { aSession } from "@/test-session"
import { Ladder } from "./ladder"

afterEach(cleanup)

const rung = (what: "frozen" | "hibernated", minutes: number): Session["ladder"][number] => ({
  at: new Date(Date.now() + minutes * 60_000).toISOString(),
  what,
  reason: "idle",
  why: `${minutes}m without activity, the limit of the template`,
  after: `${minutes}m`,
  whose: "the template",
  warned: false,
})

const lines = () => screen.getAllByRole("listitem").map((item) => item.textContent)

test("each rung is told with its time and whose limit it is", () => {
  render(<Ladder session={aSession({ ladder: [rung("frozen", 10), rung("hibernated", 30)] })} />)
  expect(lines()).toHaveLength(3)
  expect(lines()[0]).toMatch(/^running ?now/)
  expect(lines()[1]).toMatch(/^frozen.*unless it is used: 10m without activity, the limit of the template/)
  expect(lines()[2]).toMatch(/^hibernated.*30m without activity/)
})

test("without a limit, and where the engine cannot freeze, it says so", () => {
  render(<Ladder session={aSession({}, { freezable: false })} />)
  expect(screen.getByText(/no limit is set/)).toBeTruthy()
  expect(screen.getByText("Engine sim cannot freeze.")).toBeTruthy()
})

test("a frozen session says that using it goes on", () => {
  render(<Ladder session={aSession({ state: "frozen" }, { phase: "frozen" })} />)
  expect(lines()[0]).toMatch(/using it goes on at once/)
})
