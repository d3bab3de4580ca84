// @vitest-environment jsdom
import { cleanup, render, screen } from "@testing-library/react"
import userEvent from "@testing-library/user-event"
import { useState } from "react"
import { afterEach, expect, test } from "vitest"
import type { Quota } from "@/api/types"
import { LimitFields, limitTexts, quotaOf, sayQuota } from "./limits"

afterEach(cleanup)

function Form({ before, onSaid }: { before: Quota; onSaid: (quota: Quota) => void }) {
  const [texts, setTexts] = useState(limitTexts(before))
  onSaid(quotaOf(texts, before))
  return <LimitFields texts={texts} onChange={setTexts} />
}

test("what is typed becomes a quota, and an empty field is no limit", async () => {
  let said: Quota = {}
  const onSaid = (quota: Quota) => {
    said = quota
  }
  render(<Form before={{ running: 1, maxLifetime: "1h", freezeAfter: "5m" }} onSaid={onSaid} />)
  await userEvent.type(screen.getByLabelText("Memory"), "8Gi")
  await userEvent.type(screen.getByLabelText("Running sessions"), "2")
  await userEvent.clear(screen.getByLabelText("Longest run"))
  expect(said).toEqual({ running: 12, memory: "8Gi", freezeAfter: "5m" })
})

test("a count that is none goes as it is: the server says what is wrong with it", () => {
  expect(quotaOf({ ...limitTexts({}), running: "many" })).toEqual({ running: "many" })
})

test("limits are told in a line", () => {
  expect(sayQuota({ running: 1, maxLifetime: "1h" })).toBe("running sessions 1 · longest run 1h")
  expect(sayQuota({})).toBe("")
})
