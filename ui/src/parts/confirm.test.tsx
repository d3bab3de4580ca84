// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query"
import { cleanup, render, screen, waitFor } from "@testing-library/react"
import userEvent from "@testing-library/user-event"
import { afterEach, expect, test, vi } from "vitest"
import { Problem } from "@/api/problem"
import { Confirm } from "./confirm"

afterEach(cleanup)

function ask(action: () => Promise<unknown>, name?: string) {
  const close = vi.fn()
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Confirm
        open
        onOpenChange={close}
        title="Delete workspace thesis"
        verb="Delete workspace"
        name={name}
        action={action}
      >
        <p>Lost: 2 volumes.</p>
      </Confirm>
    </QueryClientProvider>,
  )
  return close
}

test("data dies only when its name was typed", async () => {
  const action = vi.fn().mockResolvedValue(undefined)
  const close = ask(action, "thesis")
  const button = screen.getByRole("button", { name: "Delete workspace" })
  await userEvent.click(button)
  expect(action).not.toHaveBeenCalled()
  expect(screen.getByRole("alert").textContent).toBe("The name is thesis.")
  await userEvent.type(screen.getByRole("textbox", { name: "Type thesis to confirm" }), "thesis")
  await userEvent.click(button)
  await waitFor(() => expect(close).toHaveBeenCalledWith(false))
  expect(action).toHaveBeenCalledTimes(1)
})

test("a double press sends one request", async () => {
  const action = vi.fn().mockResolvedValue(undefined)
  const close = ask(action)
  await userEvent.dblClick(screen.getByRole("button", { name: "Delete workspace" }))
  await waitFor(() => expect(close).toHaveBeenCalled())
  expect(action).toHaveBeenCalledTimes(1)
})

test("a refusal stays in the window with its reason and what to do", async () => {
  const close = ask(() =>
    Promise.reject(new Problem(409, "workspace_in_use", "session lab uses it", "delete lab first", "r9")),
  )
  await userEvent.click(screen.getByRole("button", { name: "Delete workspace" }))
  const alert = await screen.findByRole("alert")
  expect(alert.textContent).toBe("Session lab uses it.Delete lab first.request r9")
  expect(close).not.toHaveBeenCalled()
})
