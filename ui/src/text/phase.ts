import type { Phase, Session, Step } from "@/api/types"
import { sayRelative, saySince } from "./time"

export type Tone = "running" | "moving" | "frozen" | "hibernated" | "waiting" | "failed"

const tones: Record<string, Tone> = {
  pending: "waiting",
  starting: "moving",
  running: "running",
  stopping: "moving",
  frozen: "frozen",
  hibernated: "hibernated",
  upgrading: "moving",
  failed: "failed",
  terminating: "moving",
  gone: "hibernated",
}

export function toneOf(phase: string): Tone {
  return tones[phase] ?? "hibernated"
}

/// Phases in which a session holds the machine: what Home shows first.
const live: Phase[] = ["pending", "starting", "running", "frozen", "stopping"]

export function isLive(phase: Phase): boolean {
  return live.includes(phase)
}

/// Whether the session is on its way somewhere by itself.
export function isMoving(phase: Phase): boolean {
  return phase === "pending" || phase === "starting" || phase === "stopping" || phase === "terminating"
}

/// Whether its programs are there: running, or frozen until somebody uses them.
export function isUp(phase: Phase): boolean {
  return phase === "running" || phase === "frozen"
}

/// Whether there is something to open: up, or one that wakes when opened.
export function canOpen(phase: Phase): boolean {
  return isUp(phase) || phase === "hibernated"
}

export function activeStep(steps: Step[]): Step | undefined {
  return steps.find((s) => s.state === "active" || s.state === "waiting" || s.state === "failed")
}

/// One sentence on what the session is doing and why, for lists.
export function sayState(session: Session, now: number): string {
  const { phase, message, steps } = session.status
  const last = session.lastActive
  const used = last ? `last used ${sayRelative(last.at, now)} (${last.source})` : ""
  switch (phase) {
    case "running":
      return (
        joined([session.status.startedAt ? `since ${saySince(session.status.startedAt, now)}` : "", used]) ||
        "ready"
      )
    case "pending":
    case "starting":
      return message || activeStep(steps)?.message || "on its way"
    case "failed":
      return message || "stopped without saying why"
    case "frozen":
      return joined([used, "goes on when used"])
    case "hibernated":
      return joined([
        used,
        session.workspace ? `workspace ${session.workspace.name} kept` : "wakes when opened",
      ])
    case "stopping":
      return message || (session.state === "running" ? "restarting" : "volumes and address are kept")
    default:
      return message
  }
}

function joined(parts: string[]): string {
  return parts.filter(Boolean).join(" · ")
}

/// What each step is called while it is going on and when it is done.
export const stepWords: Record<Step["name"], { done: string; active: string }> = {
  admitted: { done: "Admitted", active: "Waiting for room" },
  scheduled: { done: "Scheduled", active: "Finding a place to run" },
  pulled: { done: "Image ready", active: "Getting the image" },
  initialized: { done: "Prepared", active: "Preparing the workspace" },
  started: { done: "Started", active: "Starting components" },
  ready: { done: "Ready", active: "Waiting until it answers" },
  routed: { done: "Routed", active: "Opening its address" },
}
