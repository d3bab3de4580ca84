/// Writes a template's document as YAML: maps, lists, strings, numbers and booleans, which is all it holds.

type Value = null | boolean | number | string | Value[] | { [key: string]: Value }

export function toYaml(value: unknown): string {
  return `${block(value as Value, 0).replace(/^\n/, "")}\n`
}

function block(value: Value, depth: number): string {
  if (Array.isArray(value)) return value.length === 0 ? "[]" : list(value, depth)
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined)
    return entries.length === 0 ? "{}" : map(entries, depth)
  }
  return scalar(value, depth)
}

function map(entries: [string, Value][], depth: number): string {
  return entries
    .map(([key, v]) => {
      const text = block(v, depth + 1)
      return `\n${pad(depth)}${scalar(key, 0)}:${text.startsWith("\n") ? text : ` ${text}`}`
    })
    .join("")
}

function list(items: Value[], depth: number): string {
  return items
    .map((item) => {
      const text = block(item, depth + 1)
      // The first key of a map stands beside its dash.
      return `\n${pad(depth)}- ${text.startsWith("\n") ? text.slice(1).trimStart() : text}`
    })
    .join("")
}

function scalar(value: Exclude<Value, object>, depth: number): string {
  if (typeof value !== "string") return String(value)
  if (value.includes("\n") && !/^\s|\r|\t/.test(value)) {
    const lines = value.replace(/\n+$/, "").split("\n")
    const end = /\n\n+$/.test(value) ? "+" : value.endsWith("\n") ? "" : "-"
    if (end !== "+") return `|${end}\n${lines.map((l) => (l ? pad(depth) + l : "")).join("\n")}`
  }
  return isPlain(value) ? value : JSON.stringify(value)
}

function isPlain(text: string): boolean {
  return (
    /^[A-Za-z0-9/_.](?:[A-Za-z0-9 /_.,()+=@-]|:(?=\S))*$/.test(text) &&
    !looksTyped(text) &&
    !text.endsWith(" ")
  )
}

/// Texts that a reader would take for a number, a truth or nothing.
function looksTyped(text: string): boolean {
  return /^([-+.]?\d[\d_.eE+-]*|0[xo][\da-fA-F]+|true|false|null|yes|no|on|off|y|n|\.inf|\.nan|\d+(:\d+)+)$/i.test(
    text,
  )
}

function pad(depth: number): string {
  return "  ".repeat(depth)
}
