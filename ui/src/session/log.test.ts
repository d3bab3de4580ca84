import { expect, test } from "vitest"
import { splitLines } from "./log"

test("lines are whole, whatever the pieces they come in", () => {
  const first = splitLines("", "one\ntw")
  const second = splitLines(first.rest, "o\r\nthree")
  expect([first, second]).toEqual([
    { lines: ["one"], rest: "tw" },
    { lines: ["two"], rest: "three" },
  ])
})

test("colours and moves of a terminal are left out", () => {
  expect(splitLines("", "\u001b[31mred\u001b[0m \u001b]0;title\u0007x\n").lines).toEqual(["red x"])
})
