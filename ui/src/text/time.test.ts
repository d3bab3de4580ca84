import { expect, test } from "vitest"
import { parseDuration, sayDuration, sayElapsed, sayRelative } from "./time"

test("durations name their two largest units", () => {
  expect([0.04, 9.94, 42.4, 80, 3600, 11_100, 187_200].map(sayDuration)).toEqual([
    "0.0 s",
    "9.9 s",
    "42 s",
    "1 m 20 s",
    "1 h",
    "3 h 5 m",
    "2 d 4 h",
  ])
})

test("what still grows is told in whole seconds", () => {
  expect([0.4, 9.9, 61.7].map(sayElapsed)).toEqual(["0 s", "9 s", "1 m 1 s"])
})

test("moments are told from now, in both directions", () => {
  const now = Date.parse("2026-03-01T12:00:00Z")
  const at = (minutes: number) => new Date(now + minutes * 60_000)
  expect([0, -4, -130, -1440, -4320, 5, 120, 1440].map((m) => sayRelative(at(m), now))).toEqual([
    "just now",
    "4 min ago",
    "2 h ago",
    "yesterday",
    "3 days ago",
    "in 5 min",
    "in 2 h",
    "tomorrow",
  ])
})

test("durations of the API are read, and nothing else is", () => {
  expect(["1h30m", "90s", "250ms", "2d"].map(parseDuration)).toEqual([5400, 90, 0.25, 172_800])
  expect([undefined, "", "soon", "1h 30m"].map(parseDuration)).toEqual(Array(4).fill(undefined))
})
