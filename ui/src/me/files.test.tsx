// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query"
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { Problem } from "@/api/problem"
import { fileAddress, uploadFile } from "@/api/upload"
import { Drop } from "./files"

vi.mock("@/api/upload", async (original) => ({ ...(await original<object>()), uploadFile: vi.fn() }))
vi.mock("@/api/actions", () => ({ deleteUpload: vi.fn() }))

beforeEach(() => {
  vi.mocked(uploadFile).mockReset()
})
afterEach(cleanup)

const limits = { each: "10", together: "100", count: 5, types: [] }

function drop(...files: File[]) {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Drop limits={limits} />
    </QueryClientProvider>,
  )
  fireEvent.drop(screen.getByTestId("drop"), { dataTransfer: { files } })
}

test("dropped files go up one after the other, with their progress", async () => {
  const done: (() => void)[] = []
  vi.mocked(uploadFile).mockImplementation((_file, _path, progress) => {
    progress(0.5)
    return new Promise((resolve) => done.push(() => resolve({} as never)))
  })
  drop(new File(["a"], "a.txt"), new File(["b"], "b.txt"))
  expect(await screen.findByText("50 %")).toBeTruthy()
  expect(screen.getByRole("progressbar", { name: "Uploading a.txt" }).getAttribute("aria-valuenow")).toBe(
    "50",
  )
  expect(uploadFile).toHaveBeenCalledTimes(1)
  await act(async () => done[0]?.())
  await waitFor(() => expect(uploadFile).toHaveBeenCalledTimes(2))
  expect(screen.queryByText("a.txt")).toBeNull()
})

test("what is too large is refused before it is sent, with the limit", async () => {
  drop(new File(["01234567890"], "large"))
  expect(await screen.findByText("A file may have at most 10 B.")).toBeTruthy()
  expect(uploadFile).not.toHaveBeenCalled()
})

test("a failure is said at its file", async () => {
  vi.mocked(uploadFile).mockRejectedValue(new Problem(409, "path_taken", "you have a file a"))
  drop(new File(["x"], "a"))
  expect(await screen.findByText(/You have a file a/)).toBeTruthy()
})

test("the address of a file keeps its slashes and escapes the rest", () => {
  expect(fileAddress("a b/c?#.txt")).toBe("/api/v1/users/me/files/a%20b/c%3F%23.txt")
})
