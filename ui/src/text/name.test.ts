import { expect, test } from "vitest"
import { nameProblem } from "./name"

test("names are what people call things, in any script", () => {
  for (const name of [
    "work",
    "Grüße Straße",
    "日本",
    "a.b_c",
    "x".repeat(63),
    "ü".repeat(63),
    "🙂".repeat(63),
  ])
    expect(nameProblem(name)).toBeUndefined()
})

test("what the server would refuse is said before", () => {
  expect(nameProblem("")).toBe("Give it a name.")
  expect(nameProblem("a/b")).toContain("slash")
  expect(nameProblem("a\\b")).toContain("slash")
  expect(nameProblem("a\u0007")).toContain("control")
  expect(nameProblem("x".repeat(64))).toContain("63")
})
