import type { Finding, Sweep } from "@/api/types"
import { plural } from "./amounts"

const matters: Record<Finding["matter"], string> = {
  orphan: "Orphan",
  leftover: "Left over",
  phantom: "Not there",
  unownedVolume: "Volume of nobody",
  lostVolume: "Lost volume",
  foreign: "Not ours",
  stuck: "Does not go",
}

const remedies: Record<Finding["remedy"], string> = {
  remove: "Removes it",
  start: "Starts it again",
  report: "Leaves it alone",
}

export const sayMatter = (finding: Finding): string => matters[finding.matter]
export const sayRemedy = (finding: Finding): string => remedies[finding.remedy]

export const keyOf = (finding: Finding): string =>
  `${finding.engine} ${finding.session} ${finding.kind} ${finding.name}`

/// What a sweep would do, in one sentence; nothing when there is nothing to do.
export function sayPlan(findings: Finding[]): string {
  const count = (remedy: Finding["remedy"]) => findings.filter((f) => f.remedy === remedy).length
  const parts = []
  if (count("remove")) parts.push(`removes ${plural(count("remove"), "thing")}`)
  if (count("start")) parts.push(`starts ${plural(count("start"), "session")} again`)
  return parts.length ? `A sweep ${parts.join(" and ")}.` : ""
}

/// What was acted on and is still found.
export function leftOf(sweep: Sweep): Finding[] {
  const found = new Set(sweep.findings.map(keyOf))
  return (sweep.last?.acted ?? []).filter((f) => found.has(keyOf(f)))
}

/// What was acted on and cannot be seen now, as its engine does not answer.
export function unseenOf(sweep: Sweep): Finding[] {
  const away = new Set(sweep.away.map((engine) => engine.name))
  return (sweep.last?.acted ?? []).filter((f) => away.has(f.engine))
}

/// How long what a sweep removes may take to go: a program is asked politely first.
const patience = 60_000

/// Whether a sweep is under way: asked for, or what it acted on is still going.
export function isSweeping(sweep: Sweep, now: number): boolean {
  if (sweep.asked) return true
  const left = leftOf(sweep).length + unseenOf(sweep).length
  return !!sweep.last && now - Date.parse(sweep.last.at) < patience && left > 0
}

/// When to look again, in milliseconds: soon for whether it was done, which costs nothing; rarely for what is there, as
/// the engines are asked for all that they have.
export function lookAgain(sweep: Sweep, now: number): number | false {
  if (sweep.asked) return 1000
  return isSweeping(sweep, now) ? 5000 : false
}
