import { expect, test } from "vitest"
import { aSession } from "@/test-session"
import { canOpen, sayState, toneOf } from "./phase"

const now = Date.parse("2026-03-01T14:00:00Z")

test("each state is told with its reason", () => {
  const used = { lastActive: { at: "2026-03-01T13:58:00Z", source: "terminal" } }
  expect(sayState(aSession(used), now)).toBe("last used 2 min ago (terminal)")
  expect(sayState(aSession({ ...used, state: "hibernated" }, { phase: "hibernated" }), now)).toBe(
    "last used 2 min ago (terminal) · workspace lab kept",
  )
  expect(sayState(aSession({ ...used, state: "frozen" }, { phase: "frozen" }), now)).toBe(
    "last used 2 min ago (terminal) · goes on when used",
  )
  expect(sayState(aSession({}, { phase: "failed", message: "image not found" }), now)).toBe("image not found")
  expect(sayState(aSession({}, { phase: "stopping" }), now)).toBe("restarting")
})

test("only what is up or wakes can be opened", () => {
  expect(
    (
      ["pending", "starting", "running", "frozen", "stopping", "hibernated", "failed", "gone"] as const
    ).filter(canOpen),
  ).toEqual(["running", "frozen", "hibernated"])
  expect(toneOf("something new")).toBe("hibernated")
})
