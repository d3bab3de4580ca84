// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query"
import { cleanup, render, screen, waitFor } from "@testing-library/react"
import userEvent from "@testing-library/user-event"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { deleteSecret, putSecret } from "@/api/actions"
import { byTemplate, Secrets } from "./secrets"

vi.mock("@/api/actions", () => ({ putSecret: vi.fn(), deleteSecret: vi.fn(), withdrawConsent: vi.fn() }))

const token = {
  name: "TOKEN",
  version: 1,
  createdAt: "2026-03-01T12:00:00Z",
  updatedAt: "2026-03-01T12:00:00Z",
}

beforeEach(() => {
  vi.mocked(putSecret).mockReset().mockResolvedValue(token)
  vi.mocked(deleteSecret)
    .mockReset()
    .mockResolvedValue(undefined as never)
})
afterEach(cleanup)

function show(items: unknown[]) {
  const cache = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } })
  cache.setQueryData(["secrets"], { items, total: items.length })
  render(
    <QueryClientProvider client={cache}>
      <Secrets />
    </QueryClientProvider>,
  )
}

test("a value goes in unseen, and nothing shows it afterwards", async () => {
  show([])
  await userEvent.click(screen.getByRole("button", { name: "New secret" }))
  await userEvent.type(screen.getByRole("textbox", { name: "Name" }), "TOKEN")
  const value = screen.getByLabelText<HTMLInputElement>("Value")
  expect(value.type).toBe("password")
  await userEvent.type(value, "hush-hush")
  await userEvent.click(screen.getByRole("button", { name: "Set secret" }))
  expect(vi.mocked(putSecret).mock.calls).toEqual([["TOKEN", "hush-hush"]])
  await waitFor(() => expect(screen.queryByLabelText("Value")).toBeNull())
  expect(document.body.innerHTML).not.toContain("hush-hush")
})

test("a change asks for the new value and begins with none", async () => {
  show([token])
  await userEvent.click(screen.getByRole("button", { name: "Change secret TOKEN" }))
  expect(screen.getByLabelText<HTMLInputElement>("Value").value).toBe("")
  expect(screen.queryByRole("textbox", { name: "Name" })).toBeNull()
})

test("a deletion is asked about", async () => {
  show([token])
  await userEvent.click(screen.getByRole("button", { name: "Delete secret TOKEN" }))
  expect(deleteSecret).not.toHaveBeenCalled()
  await userEvent.click(screen.getByRole("button", { name: "Delete secret" }))
  expect(deleteSecret).toHaveBeenCalledTimes(1)
})

test("consents are told by template", () => {
  const given = { givenAt: "2026-03-01T12:00:00Z" }
  expect(
    byTemplate([
      { template: "ide", name: "A", ...given },
      { template: "notebook", name: "A", ...given },
      { template: "ide", name: "files/", ...given },
    ]),
  ).toEqual([
    { template: "ide", names: ["A", "files/"] },
    { template: "notebook", names: ["A"] },
  ])
})
