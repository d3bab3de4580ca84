/// Amounts as the API writes them (Kubernetes quantities) and as people read them.

const byteUnits: Record<string, number> = {
  "": 1,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

export type Amount = string | number | null | undefined

/// `10Gi`, `512Mi`, `1048576` in bytes; nothing for what is no amount.
export function parseBytes(amount: Amount): number | undefined {
  if (typeof amount === "number") return amount
  const found = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(amount ?? "")
  const unit = byteUnits[found?.[2] ?? ""]
  return found && unit !== undefined ? Number(found[1]) * unit : undefined
}

/// `500m`, `2`, `0.5` in cores. A plain number counts cores too.
export function parseCpu(amount: Amount): number | undefined {
  if (typeof amount === "number") return amount
  const found = /^(\d+(?:\.\d+)?)(m?)$/.exec(amount ?? "")
  return found ? Number(found[1]) / (found[2] ? 1000 : 1) : undefined
}

export function sayBytes(bytes: number | undefined): string {
  if (bytes === undefined) return "–"
  const units = ["B", "KiB", "MiB", "GiB", "TiB"]
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${trim(value)} ${units[unit]}`
}

export function sayCpu(cores: number | undefined): string {
  if (cores === undefined) return "–"
  return `${trim(cores)} CPU`
}

function trim(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toFixed(value >= 10 ? 1 : 2)))
}

/// `2.5 of 8 CPU`, `512 MiB of 2 GiB`, and with what comes on top `3 + 1 of 8 CPU`: a unit that all share is said once.
export function sayOf(used: string, limit: string, more?: string): string {
  const unit = /\s\S+$/.exec(limit)?.[0] ?? ""
  const parts = more === undefined ? [used] : [used, more]
  const bare = parts.every((part) => part.endsWith(unit))
    ? parts.map((part) => part.slice(0, part.length - unit.length))
    : parts
  return `${bare.join(" + ")} of ${limit}`
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`
}
