import type { Session } from "@/api/types"

export type Target =
  | { kind: "page"; to: "/sessions/$id/terminal" | "/sessions/$id/desktop" }
  | { kind: "address"; href: string }

/// Where Open leads: a page of ours for terminals and desktops, the session's own address for the rest.
export function targetOf(session: Session): Target | undefined {
  const access = session.access.find((a) => a.default) ?? session.access[0]
  if (!access) return undefined
  if (access.kind === "terminal") return { kind: "page", to: "/sessions/$id/terminal" }
  if (access.kind === "vnc") return { kind: "page", to: "/sessions/$id/desktop" }
  return access.url ? { kind: "address", href: access.url } : undefined
}

export function hasDesktop(session: Session): boolean {
  return session.access.some((a) => a.kind === "vnc")
}
