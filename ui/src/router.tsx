import { createRootRoute, createRoute, createRouter, Outlet, redirect } from "@tanstack/react-router"
import type { Phase } from "./api/types"
import { Broken } from "./pages/broken"
import { Home } from "./pages/home"
import { NotFound } from "./pages/not-found"
import { lazyPage } from "./parts/lazy-page"
import { Loading } from "./parts/states"
import { Frame } from "./shell/frame"

type Raw = Record<string, unknown>

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined

/// Reads the named texts of the address and leaves out what is not there.
function texts<K extends string>(raw: Raw, ...names: K[]): { [name in K]?: string } {
  const found: { [name in K]?: string } = {}
  for (const name of names) {
    const value = text(raw[name])
    if (value !== undefined) found[name] = value
  }
  return found
}

/// What every list keeps in the address.
const listSearch = (raw: Raw) => texts(raw, "q", "sort", "cursor")

function only<K extends string, V>(name: K, value: V | undefined): { [name in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [name in K]?: V })
}

interface SessionsSearch {
  q?: string
  sort?: string
  cursor?: string
  phase?: Phase
}

export const phases: Phase[] = [
  "pending",
  "starting",
  "running",
  "frozen",
  "stopping",
  "hibernated",
  "failed",
  "terminating",
]

export const tabs = ["overview", "logs", "terminal", "usage", "events", "settings"] as const
export type Tab = (typeof tabs)[number]

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound, errorComponent: Broken })

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (raw: Raw) => texts(raw, "to"),
  component: lazyPage(() => import("./pages/sign-in"), "SignIn"),
})

const ticket = createRoute({
  getParentRoute: () => root,
  path: "/sign-in/$ticket",
  component: lazyPage(() => import("./pages/ticket"), "Ticket"),
})

const frame = createRoute({ getParentRoute: () => root, id: "frame", component: Frame })

const home = createRoute({
  getParentRoute: () => frame,
  path: "/",
  validateSearch: (raw: Raw) => texts(raw, "q"),
  component: Home,
})

const catalog = createRoute({
  getParentRoute: () => frame,
  path: "/catalog",
  validateSearch: (raw: Raw) => texts(raw, "q", "category", "cursor"),
  component: lazyPage(() => import("./pages/catalog"), "Catalog"),
})

const template = createRoute({
  getParentRoute: () => frame,
  path: "/catalog/$name",
  component: lazyPage(() => import("./pages/template"), "TemplatePage"),
})

const launch = createRoute({
  getParentRoute: () => frame,
  path: "/launch",
  validateSearch: (raw: Raw) => texts(raw, "template", "name", "workspace"),
  component: lazyPage(() => import("./pages/launch"), "LaunchPage"),
})

const session = createRoute({
  getParentRoute: () => frame,
  path: "/sessions/$id",
  validateSearch: (raw: Raw): { tab?: Tab } =>
    only(
      "tab",
      tabs.find((t) => t === raw.tab),
    ),
  component: lazyPage(() => import("./pages/session"), "SessionPage"),
})

const terminal = createRoute({
  getParentRoute: () => frame,
  path: "/sessions/$id/terminal",
  validateSearch: (raw: Raw) => texts(raw, "component"),
  component: lazyPage(() => import("./pages/terminal"), "TerminalPage"),
})

const desktop = createRoute({
  getParentRoute: () => frame,
  path: "/sessions/$id/desktop",
  validateSearch: (raw: Raw) => texts(raw, "access"),
  component: lazyPage(() => import("./pages/desktop"), "DesktopPage"),
})

const workspaces = createRoute({
  getParentRoute: () => frame,
  path: "/workspaces",
  validateSearch: listSearch,
  component: lazyPage(() => import("./pages/workspaces"), "Workspaces"),
})

const settings = createRoute({
  getParentRoute: () => frame,
  path: "/settings",
  component: lazyPage(() => import("./pages/settings"), "Settings"),
})

const admin = createRoute({
  getParentRoute: () => frame,
  path: "/admin",
  component: lazyPage(() => import("./pages/admin"), "Admin"),
})

const adminHome = createRoute({
  getParentRoute: () => admin,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/admin/sessions", replace: true })
  },
})

const adminSessions = createRoute({
  getParentRoute: () => admin,
  path: "/sessions",
  validateSearch: (raw: Raw): SessionsSearch => ({
    ...listSearch(raw),
    ...only(
      "phase",
      phases.find((p) => p === raw.phase),
    ),
  }),
  component: lazyPage(() => import("./pages/admin-sessions"), "AdminSessions"),
})

const adminUsers = createRoute({
  getParentRoute: () => admin,
  path: "/users",
  validateSearch: listSearch,
  component: lazyPage(() => import("./pages/admin-users"), "AdminUsers"),
})

const adminGroups = createRoute({
  getParentRoute: () => admin,
  path: "/groups",
  validateSearch: (raw: Raw) => texts(raw, "cursor"),
  component: lazyPage(() => import("./pages/admin-groups"), "AdminGroups"),
})

const adminTiers = createRoute({
  getParentRoute: () => admin,
  path: "/tiers",
  validateSearch: (raw: Raw) => texts(raw, "cursor"),
  component: lazyPage(() => import("./pages/admin-tiers"), "AdminTiers"),
})

const adminTemplates = createRoute({
  getParentRoute: () => admin,
  path: "/templates",
  validateSearch: listSearch,
  component: lazyPage(() => import("./pages/admin-templates"), "AdminTemplates"),
})

const adminTemplate = createRoute({
  getParentRoute: () => admin,
  path: "/templates/$name",
  component: lazyPage(() => import("./pages/admin-template"), "AdminTemplate"),
})

const adminEngines = createRoute({
  getParentRoute: () => admin,
  path: "/engines",
  component: lazyPage(() => import("./pages/admin-engines"), "AdminEngines"),
})

const adminSweep = createRoute({
  getParentRoute: () => admin,
  path: "/sweep",
  component: lazyPage(() => import("./pages/admin-sweep"), "AdminSweep"),
})

const adminKeys = createRoute({
  getParentRoute: () => admin,
  path: "/keys",
  component: lazyPage(() => import("./pages/admin-keys"), "AdminKeys"),
})

const adminAudit = createRoute({
  getParentRoute: () => admin,
  path: "/audit",
  validateSearch: (raw: Raw) => texts(raw, "actor", "kind", "cursor"),
  component: lazyPage(() => import("./pages/admin-audit"), "AdminAudit"),
})

const nowhere = createRoute({ getParentRoute: () => frame, path: "$", component: NotFound })

const tree = root.addChildren([
  signIn,
  ticket,
  frame.addChildren([
    home,
    catalog,
    template,
    launch,
    session,
    terminal,
    desktop,
    workspaces,
    settings,
    nowhere,
    admin.addChildren([
      adminHome,
      adminSessions,
      adminUsers,
      adminGroups,
      adminTiers,
      adminTemplates,
      adminTemplate,
      adminEngines,
      adminSweep,
      adminKeys,
      adminAudit,
    ]),
  ]),
])

export const router = createRouter({
  routeTree: tree,
  defaultPreload: "intent",
  scrollRestoration: true,
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: Broken,
  defaultPendingComponent: Loading,
})

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router
  }
}
