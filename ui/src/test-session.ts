import type { Session, SessionStatus } from "./api/types"

/// A running session for tests, with what differs.
export function aSession(differs: Partial<Session> = {}, status: Partial<SessionStatus> = {}): Session {
  const names = ["admitted", "scheduled", "pulled", "started", "ready", "routed"] as const
  return {
    id: "ses_1",
    name: "lab",
    template: "shell",
    templateName: "Shell",
    icon: "",
    revision: 1,
    user: { id: "usr_1", name: "ada" },
    workspace: { id: "wsp_1", name: "lab" },
    engine: "sim",
    state: "running",
    createdAt: "2026-03-01T12:00:00Z",
    access: [{ name: "shell", kind: "terminal", url: "http://lab.localhost/", default: true }],
    ladder: [],
    ...differs,
    status: {
      phase: "running",
      reason: "",
      message: "",
      components: [],
      conditions: [],
      timings: {},
      steps: names.map((name, i) => ({ name, state: "done", seconds: i })),
      lastLog: [],
      incarnation: 1,
      freezable: true,
      ...status,
    },
  }
}
