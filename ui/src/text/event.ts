import type { Event } from "@/api/types"

const words: Record<string, string> = {
  "session.created": "Launched",
  "session.started": "Running",
  "session.stopped": "Stopped",
  "session.frozen": "Frozen",
  "session.hibernated": "Hibernated",
  "session.woken": "Woken",
  "session.failed": "Failed",
  "session.deleted": "Deleted",
  "session.restarted": "Restarted",
  "session.renamed": "Renamed",
  "session.warned": "Warned",
  "session.extended": "Kept running",
  "session.queued": "Waits for its turn",
  "session.updated": "Moved a step",
  "template.created": "Template created",
  "template.updated": "Template saved",
  "template.deleted": "Template deleted",
  "workspace.created": "Workspace made",
  "workspace.deleted": "Workspace deleted",
  "workspace.updated": "Workspace renamed",
  "user.created": "User added",
  "user.updated": "User changed",
  "user.deleted": "User deactivated",
  "user.login": "Signed in",
  "user.logout": "Signed out",
  "user.tokenIssued": "Token made",
  "user.tokenRevoked": "Token revoked",
  "user.passwordChanged": "Password changed",
  "user.signInLink": "Sign-in link made",
  "tier.created": "Tier added",
  "tier.updated": "Tier changed",
  "tier.deleted": "Tier deleted",
  "group.created": "Group added",
  "group.updated": "Group changed",
  "group.deleted": "Group deleted",
  "group.joined": "Joined a group",
  "group.left": "Left a group",
  "quota.updated": "Quota changed",
  "sweep.asked": "Sweep asked for",
  "sweep.done": "Swept",
  "engine.lost": "Engine lost",
  "engine.restored": "Engine back",
}

export function sayKind(kind: string): string {
  return words[kind] ?? kind
}

/// What an event says beyond its kind, in one line.
export function sayData(event: Event): string {
  const { message, phase, name, reason } = event.data as Record<string, unknown>
  const known = [name, phase, reason, message].filter((v): v is string => typeof v === "string" && v !== "")
  return [...new Set(known)].join(" · ")
}
