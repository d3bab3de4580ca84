/// Time as people read it: `2 min ago`, `14:02`, `1 m 20 s`.

const minute = 60
const hour = 60 * minute
const day = 24 * hour

/// How long, in the two largest units: `0.4 s`, `1 m 20 s`, `3 h 5 m`, `2 d 4 h`.
export function sayDuration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < minute) return `${Math.round(seconds)} s`
  const whole = Math.round(seconds)
  if (whole < hour) return two(Math.floor(whole / minute), "m", whole % minute, "s")
  if (whole < day) return two(Math.floor(whole / hour), "h", Math.floor((whole % hour) / minute), "m")
  return two(Math.floor(whole / day), "d", Math.floor((whole % day) / hour), "h")
}

/// A duration that still grows: whole seconds, so that it does not flicker.
export function sayElapsed(seconds: number): string {
  return seconds < minute ? `${Math.floor(seconds)} s` : sayDuration(Math.floor(seconds))
}

function two(first: number, unit: string, second: number, lesser: string): string {
  return second === 0 ? `${first} ${unit}` : `${first} ${unit} ${second} ${lesser}`
}

/// How long ago, or in how long: `just now`, `4 min ago`, `yesterday`, `in a moment`, `in 3 days`.
export function sayRelative(at: string | Date, now: number): string {
  const seconds = (new Date(at).getTime() - now) / 1000
  const past = seconds <= 0
  const size = Math.abs(seconds)
  if (size < 45) return past ? "just now" : "in a moment"
  const words =
    size < 45 * minute
      ? `${Math.max(1, Math.round(size / minute))} min`
      : size < 22 * hour
        ? `${Math.max(1, Math.round(size / hour))} h`
        : undefined
  if (words) return past ? `${words} ago` : `in ${words}`
  const days = Math.round(size / day)
  if (days <= 1) return past ? "yesterday" : "tomorrow"
  return past ? `${days} days ago` : `in ${days} days`
}

/// The exact local time with its zone: what a title carries.
export function sayExact(at: string | Date): string {
  return new Date(at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "long" })
}

/// A duration of the API (`1h30m`, `90s`, `250ms`) in seconds; nothing for what is none.
export function parseDuration(text: string | undefined): number | undefined {
  if (!text || !/^(\d+(ms|[dhms]))+$/.test(text)) return undefined
  const units: Record<string, number> = { d: day, h: hour, m: minute, s: 1, ms: 0.001 }
  let total = 0
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[dhms])/g))
    total += Number(count) * (units[unit ?? ""] ?? 0)
  return total
}

/// A moment in the past for `since …`: the clock today, the day before that.
export function saySince(at: string | Date, now: number): string {
  const date = new Date(at)
  if (date.toDateString() === new Date(now).toDateString()) {
    return date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })
  }
  return date.toLocaleDateString("en-GB", { day: "numeric", month: "short" })
}
