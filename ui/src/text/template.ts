import type { Template, TemplateSpec } from "@/api/types"
import { parseBytes, parseCpu, sayBytes, sayCpu } from "./amounts"

/// What one session of the template takes while it runs: the sum over its components.
export function takes(spec: TemplateSpec): { cpu: number; memory: number; gpu: number } {
  let cpu = 0
  let memory = 0
  let gpu = 0
  for (const component of spec.components) {
    cpu += parseCpu(component.resources.cpu) ?? 0
    memory += parseBytes(component.resources.memory) ?? 0
    gpu += component.resources.gpu ?? 0
  }
  return { cpu, memory, gpu }
}

/// What its workspace keeps, in bytes; 0 when it has no workspace volumes.
export function keeps(spec: TemplateSpec): number {
  return spec.volumes
    .filter((v) => v.scope === "workspace")
    .reduce((sum, v) => sum + (parseBytes(v.size) ?? 0), 0)
}

/// The limits in a line, as the card shows them: `1 CPU · 2 GiB · keeps up to 10 GiB`.
export function sayLimits(spec: TemplateSpec): string {
  const { cpu, memory } = takes(spec)
  const kept = keeps(spec)
  return [sayCpu(cpu), sayBytes(memory), kept > 0 ? `keeps up to ${sayBytes(kept)}` : "keeps nothing"].join(
    " · ",
  )
}

/// Where a volume appears: `/home/project in theia, /data in model`.
export function sayMounts(spec: TemplateSpec, volume: string): string {
  const many = spec.components.length > 1
  return spec.components
    .flatMap((c) =>
      c.mounts.filter((m) => m.volume === volume).map((m) => (many ? `${m.path} in ${c.name}` : m.path)),
    )
    .join(", ")
}

export const scopeWords: Record<string, string> = {
  workspace: "Kept in the workspace until you delete the workspace",
  user: "Kept for you, the same in each session of this template",
  session: "Kept with the session, gone when the session is deleted",
}

/// What the picture of the image says; nothing when it is there.
export function sayImage(image: Template["image"]): string | undefined {
  switch (image.state) {
    case "present":
      return undefined
    case "pulling":
      return image.message || "getting the image"
    case "missing":
      return image.message || "the image is not on this machine yet"
    default:
      return image.message || undefined
  }
}
