// @vitest-environment jsdom
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router"
import { cleanup, render, screen } from "@testing-library/react"
import userEvent from "@testing-library/user-event"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { lazyPage } from "./lazy-page"

const reload = vi.fn()
/// Whether the server answers, and whether it has the page's code.
const server = { there: false, has: true }

const Catalog = () => <h1>Catalog</h1>

beforeEach(() => {
  Object.assign(server, { there: false, has: true })
  reload.mockReset()
  vi.stubGlobal("scrollTo", () => {})
  vi.stubGlobal("location", { reload })
  vi.stubGlobal("fetch", async () => {
    if (!server.there) throw new TypeError("away")
    return new Response("ok")
  })
  vi.spyOn(performance, "getEntriesByType").mockReturnValue([])
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

async function load() {
  if (!server.there || !server.has) throw new TypeError("no such file")
  return { Catalog }
}

function show() {
  const page = createRootRoute({
    component: lazyPage(load, "Catalog"),
    errorComponent: ({ error }) => <p>stopped: {String(error)}</p>,
  })
  const router = createRouter({ routeTree: page, history: createMemoryHistory() })
  render(<RouterProvider router={router as never} />)
}

test("a page that cannot come says so, and comes by itself when the server is back", async () => {
  show()
  expect(await screen.findByRole("heading", { name: "Berth does not answer" })).toBeTruthy()
  server.there = true
  expect(await screen.findByRole("heading", { name: "Catalog" }, { timeout: 3000 })).toBeTruthy()
  expect(reload).not.toHaveBeenCalled()
})

test("who does not want to wait asks at once", async () => {
  show()
  const button = await screen.findByRole("button", { name: "Try again" })
  server.there = true
  await userEvent.click(button)
  expect(await screen.findByRole("heading", { name: "Catalog" }, { timeout: 300 })).toBeTruthy()
})

test("a server that has other files now is asked for the whole document, once", async () => {
  Object.assign(server, { there: true, has: false })
  show()
  await vi.waitFor(() => expect(reload).toHaveBeenCalledTimes(1))
  cleanup()
  for (const loud of ["warn", "error"] as const) vi.spyOn(console, loud).mockImplementation(() => {})
  vi.spyOn(performance, "getEntriesByType").mockReturnValue([{ type: "reload" } as never])
  show()
  expect(await screen.findByText("stopped: TypeError: no such file")).toBeTruthy()
  expect(reload).toHaveBeenCalledTimes(1)
})
