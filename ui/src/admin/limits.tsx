import type { Quota } from "@/api/types"
import { Field, TextInput } from "@/parts/field"

/// Limits as they are typed; empty: none.
export type LimitTexts = Record<keyof Quota, string>

const counts = ["sessions", "running", "gpu", "workspaces"] as const

const fields: { key: keyof Quota; label: string; hint: string }[] = [
  { key: "running", label: "Running sessions", hint: "At once" },
  { key: "cpu", label: "Processors", hint: "Of all that run: 4, 500m" },
  { key: "memory", label: "Memory", hint: "Of all that run: 8Gi" },
  { key: "gpu", label: "GPUs", hint: "Of all that run" },
  { key: "sessions", label: "Sessions", hint: "Also stopped ones" },
  { key: "workspaces", label: "Workspaces", hint: "That exist" },
  { key: "storage", label: "Storage", hint: "Of all volumes: 100Gi" },
  { key: "freezeAfter", label: "Idle until frozen", hint: "Of a session: 10m; 0s: never" },
  { key: "hibernateAfter", label: "Longest idle time", hint: "Of a session: 30m; 0s: for ever" },
  { key: "maxLifetime", label: "Longest run", hint: "Of a session at a stretch: 60m; 0s: for ever" },
]

export function limitTexts(quota: Quota): LimitTexts {
  return Object.fromEntries(fields.map(({ key }) => [key, String(quota[key] ?? "")])) as LimitTexts
}

/// The quota that the texts say. A count that is no number goes as it is typed: the server says what is wrong with it.
export function quotaOf(texts: LimitTexts, before: Quota = {}): Quota {
  const said: Record<string, string | number> = {}
  for (const [key, text] of Object.entries(texts)) {
    const trimmed = text.trim()
    if (trimmed === "") continue
    const count = (counts as readonly string[]).includes(key) && /^\d{1,9}$/.test(trimmed)
    said[key] = count ? Number(trimmed) : trimmed
  }
  // What has no field here stays as it is.
  const rest = Object.fromEntries(Object.entries(before).filter(([key]) => !(key in texts)))
  return { ...rest, ...said } as Quota
}

/// `1 running · 60m longest run`: the limits in a line.
export function sayQuota(quota: Quota): string {
  return fields
    .filter(({ key }) => quota[key] !== undefined)
    .map(({ key, label }) => `${label.toLowerCase()} ${quota[key]}`)
    .join(" · ")
}

export function LimitFields({
  texts,
  onChange,
}: {
  texts: LimitTexts
  onChange: (texts: LimitTexts) => void
}) {
  return (
    <fieldset>
      <legend className="mb-2 font-medium">Limits, empty for none</legend>
      <div className="grid gap-3 sm:grid-cols-2">
        {fields.map(({ key, label, hint }) => (
          <Field key={key} label={label} hint={hint}>
            <TextInput
              value={texts[key]}
              onChange={(e) => onChange({ ...texts, [key]: e.target.value })}
              autoComplete="off"
              spellCheck={false}
            />
          </Field>
        ))}
      </div>
    </fieldset>
  )
}
