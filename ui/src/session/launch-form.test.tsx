// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query"
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router"
import { cleanup, render, screen, waitFor } from "@testing-library/react"
import userEvent from "@testing-library/user-event"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { launch } from "@/api/actions"
import type { Me, Need, Template, Workspace } from "@/api/types"
import { aSession } from "@/test-session"
import { LaunchForm } from "./launch-form"

vi.mock("@/api/actions", () => ({
  launch: vi.fn(),
  putSecret: vi.fn(),
  deleteSecret: vi.fn(),
  withdrawConsent: vi.fn(),
}))

beforeEach(() => {
  vi.stubGlobal("scrollTo", () => {})
  vi.mocked(launch).mockReset().mockResolvedValue(aSession())
})
afterEach(cleanup)

const template = {
  name: "shell",
  revision: 1,
  image: { state: "present", message: "" },
  spec: {
    components: [
      {
        name: "main",
        image: "localhost/shell:1",
        resources: { cpu: "500m", memory: "512Mi" },
        mounts: [{ volume: "home", path: "/home/berth" }],
      },
    ],
    volumes: [{ name: "home", scope: "workspace", size: "5Gi" }],
  },
} as unknown as Template

const quota = {
  sessions: { limit: 20, used: 3 },
  running: { limit: 5, used: 3 },
  cpu: { limit: "8", used: "3" },
  memory: { limit: "16Gi", used: "4Gi" },
  gpu: { used: 0 },
  workspaces: { limit: 50, used: 4 },
  storage: { used: "12Gi" },
}

function aWorkspace(name: string, differs: Partial<Workspace> = {}): Workspace {
  return {
    id: `wsp_${name}`,
    name,
    template: "shell",
    user: { id: "usr_1", name: "ada" },
    createdAt: "2026-03-01T12:00:00Z",
    lastUsedAt: "2026-03-01T12:00:00Z",
    sessions: [],
    volumes: [],
    ...differs,
  }
}

interface Given {
  workspaces?: Workspace[]
  name?: string
  workspace?: string
  used?: Partial<Me["quota"]>
  needs?: Need[]
  queue?: boolean
}

async function show({ workspaces = [], used = {}, needs = [], queue = false, ...asked }: Given = {}) {
  const patient = { ...template, spec: { ...template.spec, queue } }
  const me = { id: "usr_1", name: "ada", role: "user", quota: { ...quota, ...used } } as Me
  const page = createRootRoute({
    component: () => (
      <LaunchForm template={patient} me={me} needs={needs} workspaces={workspaces} sessions={[]} {...asked} />
    ),
    notFoundComponent: () => null,
  })
  const router = createRouter({ routeTree: page, history: createMemoryHistory() })
  render(
    <QueryClientProvider client={new QueryClient()}>
      <RouterProvider router={router as never} />
    </QueryClientProvider>,
  )
  return screen.findByRole<HTMLInputElement>("textbox", { name: "Name" })
}

const press = () => userEvent.click(screen.getByRole("button", { name: "Launch" }))
const shown = () =>
  screen.getByRole<HTMLSelectElement>("combobox", { name: "Workspace" }).selectedOptions[0]?.text
const asked = () => vi.mocked(launch).mock.calls.map(([body]) => body)

test("an untouched form asks for a new workspace, whatever is there", async () => {
  await show({ workspaces: [aWorkspace("shell"), aWorkspace("thesis")] })
  expect(shown()).toBe("New workspace: shell-2")
  expect(
    screen.getByText(/empty\..* To go on with earlier files, choose workspace shell or thesis\.$/),
  ).toBeTruthy()
  await press()
  expect(asked()).toEqual([{ template: "shell", name: "shell-2", workspace: "shell-2" }])
})

test("a name that a free workspace of the template has goes on with its files, as on the command line", async () => {
  const name = await show({ workspaces: [aWorkspace("thesis")] })
  await userEvent.clear(name)
  await userEvent.type(name, "thesis")
  expect(shown()).toMatch(/^thesis, last used /)
  expect(screen.getByText(/Goes on with the files in thesis/)).toBeTruthy()
  await press()
  expect(asked()).toEqual([{ template: "shell", name: "thesis", workspace: "wsp_thesis" }])
})

test("what was chosen stays when the name changes", async () => {
  const name = await show({ workspaces: [aWorkspace("thesis"), aWorkspace("notes")] })
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "Workspace" }), "wsp_thesis")
  await userEvent.clear(name)
  await userEvent.type(name, "notes")
  expect(shown()).toMatch(/^thesis/)
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "Workspace" }), "")
  await press()
  expect(asked()).toEqual([{ template: "shell", name: "notes", workspace: "notes-2" }])
})

test("a link may ask for a workspace", async () => {
  await show({ workspaces: [aWorkspace("thesis")], workspace: "thesis" })
  expect(shown()).toMatch(/^thesis/)
})

test("a new workspace takes the name of no other template's, and one in use cannot be chosen", async () => {
  const sessions = [{ id: "ses_9", name: "writing", phase: "running" as const }]
  await show({
    workspaces: [aWorkspace("book", { template: "notebook" }), aWorkspace("thesis", { sessions })],
    name: "book",
  })
  expect(screen.getAllByRole<HTMLOptionElement>("option").map((o) => [o.text, o.disabled])).toEqual([
    ["New workspace: book-2", false],
    ["thesis, in use by writing", true],
  ])
})

test("the name has the focus", async () => {
  const name = await show()
  expect(document.activeElement).toBe(name)
})

test("the bars say what is in use, what comes on top and the limit", async () => {
  await show()
  const said = screen.getAllByRole("meter").map((m) => m.getAttribute("aria-valuetext"))
  expect(said).toEqual([
    "3 + 1 of 5",
    "3 + 0.5 of 8 CPU",
    "4 GiB + 512 MiB of 16 GiB",
    "3 + 1 of 20",
    "4 + 1 of 50",
    "17 GiB, no limit",
  ])
})

test("a full quota says what is in use and what makes room, and nothing can be launched", async () => {
  await show({ used: { running: { limit: 1, used: 3 }, cpu: { limit: "8", used: "7750m" } } })
  const button = screen.getByRole<HTMLButtonElement>("button", { name: "Launch" })
  expect(button.disabled).toBe(true)
  const why = document.getElementById(button.getAttribute("aria-describedby") ?? "")
  expect([...(why?.querySelectorAll("p") ?? [])].map((p) => p.textContent)).toEqual([
    "Running: 3 of 1 in use, this session takes 1 more. Hibernate or delete 3 of them on Home.",
    "CPU: 7.75 of 8 CPU in use, this session takes 0.5 CPU more. Hibernate or delete sessions that take 0.25 CPU on Home.",
  ])
})

test("a template that waits for room is launched all the same, unless waiting would never help", async () => {
  await show({ queue: true, used: { running: { limit: 1, used: 1 } } })
  expect(screen.getByText(/waits for its turn/)).toBeTruthy()
  await press()
  await waitFor(() => expect(launch).toHaveBeenCalledTimes(1))
  cleanup()
  await show({ queue: true, used: { storage: { limit: "4Gi", used: "0" } } })
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Launch" }).disabled).toBe(true)
})

test("what no stopping makes room for is an administrator's", async () => {
  await show({ used: { memory: { limit: "256Mi", used: "0" } } })
  expect(screen.getByText(/^Memory: 0 B of 256 MiB in use.*Ask an administrator/)).toBeTruthy()
})

test("a workspace over the quota is no reason when an old one is taken", async () => {
  await show({ workspaces: [aWorkspace("thesis")], used: { workspaces: { limit: 4, used: 4 } } })
  expect(screen.getByText(/^Workspaces: 4 of 4 in use/)).toBeTruthy()
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "Workspace" }), "wsp_thesis")
  await press()
  await waitFor(() => expect(launch).toHaveBeenCalledTimes(1))
})

test("what the template asks for of one's own is agreed to before the launch, and sent with it", async () => {
  const need = { required: false, there: true, agreed: false }
  await show({
    needs: [
      { ...need, name: "TOKEN" },
      { ...need, name: "files/" },
      { ...need, name: "OLD", agreed: true },
    ],
  })
  await press()
  expect(launch).not.toHaveBeenCalled()
  expect(screen.getByText(/It asks for this: agree/)).toBeTruthy()
  await userEvent.click(
    screen.getByRole("checkbox", { name: "Let shell have TOKEN and your uploaded files." }),
  )
  await press()
  expect(asked()).toEqual([
    { template: "shell", name: "shell", workspace: "shell", consent: ["TOKEN", "files/"] },
  ])
})

test("a secret that is needed and not set is asked for first", async () => {
  await show({ needs: [{ name: "TOKEN", required: true, there: false, agreed: false }] })
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Launch" }).disabled).toBe(true)
  await userEvent.click(screen.getByRole("button", { name: "Set TOKEN" }))
  expect(screen.getByRole("dialog", { name: "Value of TOKEN" })).toBeTruthy()
})
