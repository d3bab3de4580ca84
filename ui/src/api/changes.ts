import type { QueryClient, QueryKey } from "@tanstack/react-query"
import { Problem } from "./problem"
import type { Frame } from "./stream"
import type { Page, Session, SessionStatus, Template } from "./types"

/// What a frame of the change feed means for what the page holds.
export class Changes {
  private readonly cache: QueryClient
  private readonly due = new Map<string, QueryKey>()
  private timer?: ReturnType<typeof setTimeout>

  constructor(cache: QueryClient) {
    this.cache = cache
  }

  apply(frame: Frame) {
    const kind = frame.kind ?? ""
    if (kind === "image.progress") return this.imageMoved(frame)
    if (kind.startsWith("session.")) return this.sessionMoved(kind, frame)
    if (kind.startsWith("template.")) return this.refetch(["templates"], ["template", frame.subject ?? ""])
    if (kind.startsWith("workspace.")) return this.refetch(["workspaces"], ["me"])
    if (kind.startsWith("secret.")) return this.refetch(["secrets"], ["needs"])
    if (kind.startsWith("file.")) return this.refetch(["files"], ["needs"])
    if (kind.startsWith("consent.")) return this.refetch(["consents"], ["needs"])
    if (kind.startsWith("key.")) return this.refetch(["keys"])
    if (kind.startsWith("user.")) return this.refetch(["users"], ["me"], ["logins"], ["tokens"], ["audit"])
    if (kind.startsWith("tier.") || kind.startsWith("group."))
      return this.refetch(["tiers"], ["groups"], ["members"], ["me"], ["audit"])
    if (kind.startsWith("engine.")) return this.refetch(["engines"])
  }

  /// Everything shown may be old: fetch what is looked at, and the rest when it is.
  stale(before: number) {
    void this.cache.invalidateQueries({ predicate: (query) => query.state.dataUpdatedAt < before })
  }

  /// The server is there again: what it was asked for meanwhile in vain is asked for again.
  back() {
    const missed = (error: unknown) => error instanceof Problem && (error.status === 0 || error.status >= 500)
    void this.cache.invalidateQueries({ predicate: (query) => missed(query.state.error) })
  }

  private sessionMoved(kind: string, frame: Frame) {
    const id = frame.subject ?? ""
    const status = readStatus(frame.data)
    const asked = frame.data?.state !== undefined
    if ((kind === "session.updated" || kind === "session.queued") && status && !asked) {
      const stepped = this.moves(id, status)
      this.patchSession(id, status)
      // Not a step: what becomes of it is another thing now, and only the server knows what.
      if (!stepped || this.warned(id)) this.refetch(["session", id], ["sessions"])
      return
    }
    this.refetch(["session", id], ["sessions"], ["session-events", id], ["me"])
    if (kind === "session.created" || kind === "session.deleted") this.refetch(["workspaces"])
    // The first one of a revision fixes its images.
    if (kind === "session.started") this.refetch(["template"])
  }

  private held(id: string): Session[] {
    const lists = this.cache.getQueriesData<Page<Session>>({ queryKey: ["sessions"] })
    const one = this.cache.getQueryData<Session>(["session", id])
    const listed = lists.flatMap(([, page]) => page?.items ?? []).filter((s) => s.id === id)
    return one ? [one, ...listed] : listed
  }

  private warned(id: string): boolean {
    return this.held(id).some((s) => s.stopsAt?.warned)
  }

  private moves(id: string, status: SessionStatus): boolean {
    const told = (s: Session) => JSON.stringify({ ...s.status, ...status })
    return this.held(id).every((s) => JSON.stringify(s.status) !== told(s))
  }

  private patchSession(id: string, status: SessionStatus) {
    const patch = (s: Session): Session =>
      s.id === id && s.status.incarnation <= status.incarnation
        ? { ...s, status: { ...s.status, ...status } }
        : s
    this.cache.setQueryData<Session>(["session", id], (old) => old && patch(old))
    this.cache.setQueriesData<Page<Session>>(
      { queryKey: ["sessions"] },
      (old) => old && { ...old, items: old.items.map(patch) },
    )
  }

  private imageMoved(frame: Frame) {
    const { state, message, progress } = (frame.data ?? {}) as Partial<Template["image"]>
    if (!state) return
    if (state !== "pulling") return this.refetch(["templates"], ["template"])
    const patch = (t: Template): Template =>
      usesImage(t, frame.subject ?? "") ? { ...t, image: { state, message: message ?? "", progress } } : t
    this.cache.setQueriesData<Page<Template>>(
      { queryKey: ["templates"] },
      (old) => old && { ...old, items: old.items.map(patch) },
    )
    this.cache.setQueriesData<Template>(
      { queryKey: ["template"], predicate: (q) => q.queryKey.length === 2 },
      (old) => old && patch(old),
    )
  }

  /// Many frames come together; each query is fetched once for all of them.
  private refetch(...keys: QueryKey[]) {
    for (const key of keys) this.due.set(JSON.stringify(key), key)
    this.timer ??= setTimeout(() => this.flush(), 120)
  }

  private flush() {
    this.timer = undefined
    const keys = [...this.due.values()]
    this.due.clear()
    for (const queryKey of keys) void this.cache.invalidateQueries({ queryKey })
  }
}

function usesImage(template: Template, image: string): boolean {
  return template.spec.components.some((c) => c.image === image)
}

function readStatus(data: unknown): SessionStatus | undefined {
  const found = (data as { status?: SessionStatus } | undefined)?.status
  return found?.phase && Array.isArray(found.steps) ? found : undefined
}
