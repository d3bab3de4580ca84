// @vitest-environment jsdom
import { cleanup, render, screen } from "@testing-library/react"
import { afterEach, expect, test } from "vitest"
import type { Allowance, QuotaUse } from "@/api/types"
import { canWait, overQuota, Quota, Shares } from "./quota"

afterEach(cleanup)

const use: QuotaUse = {
  sessions: { limit: 20, used: 3, whose: "the default quota" },
  running: { limit: 1, used: 1, whose: "tier free" },
  cpu: { limit: "8", used: "500m", whose: "the default quota" },
  memory: { limit: "16Gi", used: "1Gi", whose: "the default quota" },
  gpu: { used: 0 },
  workspaces: { limit: 50, used: 3, whose: "the default quota" },
  storage: { limit: "10Gi", used: "9Gi", whose: "tier free" },
}

test("each limit says whose it is, and what nobody limits or uses is left out", () => {
  render(<Quota quota={use} />)
  expect(screen.getByRole("meter", { name: "Running" }).getAttribute("aria-valuetext")).toBe("1 of 1")
  expect(screen.getAllByText("tier free")).toHaveLength(2)
  expect(screen.queryByRole("meter", { name: "GPU" })).toBeNull()
  expect(screen.getByRole("meter", { name: "Storage" }).getAttribute("aria-valuetext")).toBe("9 of 10 GiB")
})

test("a group shows only what it limits, and how long sessions stay is a sentence", () => {
  const none = { used: 0 }
  const of: Pick<Allowance, "groups" | "stay"> = {
    stay: [{ what: "hibernated", reason: "lifetime", after: "1h", whose: "tier free" }],
    groups: [
      {
        name: "physics",
        description: "Fakultät für Physik",
        quota: {
          sessions: none,
          running: { limit: 10, used: 6, whose: "group physics" },
          cpu: { used: "1" },
          memory: { used: "1Gi" },
          gpu: none,
          workspaces: none,
          storage: { used: "1Gi" },
        },
      },
    ],
  }
  render(<Shares of={of} />)
  expect(screen.getByText("A session runs for 1h at most (tier free).")).toBeTruthy()
  expect(screen.getByText("Fakultät für Physik")).toBeTruthy()
  expect(screen.getAllByRole("meter")).toHaveLength(1)
})

test("a session can wait for what ends, and not for a disk or for more than there ever is", () => {
  expect(overQuota(use, { running: 1 }).map((part) => part.label)).toEqual(["Running"])
  expect(canWait(use, { running: 1 })).toBe(true)
  expect(canWait(use, { running: 1, storage: 5 * 2 ** 30 })).toBe(false)
  expect(canWait(use, { cpu: 9 })).toBe(false)
})
