import { describe, expect, it } from "vitest"
import type { Finding, Sweep } from "@/api/types"
import { isSweeping, keyOf, leftOf, lookAgain, sayPlan, unseenOf } from "./sweep"

const finding = (name: string, remedy: Finding["remedy"] = "remove"): Finding => ({
  engine: "container",
  matter: "orphan",
  remedy,
  kind: "container",
  name,
  session: "",
  why: "no session has it",
})

const sweep = (findings: Finding[], acted?: Finding[], asked = false): Sweep => ({
  findings,
  away: [],
  asked,
  last: acted && {
    ask: { at: "2026-01-01T00:00:00.000Z", actor: "root" },
    at: "2026-01-01T00:00:01.000Z",
    acted,
    total: acted.length,
    failed: [],
  },
})

const soon = Date.parse("2026-01-01T00:00:05.000Z")

describe("a sweep", () => {
  it("says what it would do", () => {
    expect(sayPlan([])).toBe("")
    expect(sayPlan([finding("a", "report")])).toBe("")
    expect(sayPlan([finding("a"), finding("b"), finding("c", "start")])).toBe(
      "A sweep removes 2 things and starts 1 session again.",
    )
  })

  it("is under way while it was not answered and while what it removes is there", () => {
    expect(isSweeping(sweep([]), soon)).toBe(false)
    expect(isSweeping(sweep([], undefined, true), soon)).toBe(true)
    expect(isSweeping(sweep([finding("a")], [finding("a")]), soon)).toBe(true)
    expect(isSweeping(sweep([finding("b")], [finding("a")]), soon)).toBe(false)
  })

  it("does not call done what it cannot see", () => {
    const unseen = { ...sweep([], [finding("a")]), away: [{ name: "container", up: false, message: "gone" }] }
    expect(unseenOf(unseen)).toEqual([finding("a")])
    expect(isSweeping(unseen, soon)).toBe(true)
    expect(unseenOf(sweep([], [finding("a")]))).toEqual([])
  })

  it("tells things of one name apart", () => {
    const keys = [
      finding("a"),
      { ...finding("a"), session: "ses_1" },
      { ...finding("a"), engine: "kubernetes" },
    ]
    expect(new Set(keys.map(keyOf)).size).toBe(3)
  })

  it("asks the engines rarely", () => {
    expect(lookAgain(sweep([], undefined, true), soon)).toBe(1000)
    expect(lookAgain(sweep([finding("a")], [finding("a")]), soon)).toBe(5000)
    expect(lookAgain(sweep([], [finding("a")]), soon)).toBe(false)
  })

  it("is over after a while, and what has stayed is named", () => {
    const late = soon + 120_000
    expect(isSweeping(sweep([finding("a")], [finding("a")]), late)).toBe(false)
    expect(leftOf(sweep([finding("a"), finding("b")], [finding("a")]))).toEqual([finding("a")])
  })
})
