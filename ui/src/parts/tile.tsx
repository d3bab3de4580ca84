import { classes } from "./classes"

/// The same hue for the same name; names that differ little differ in hue (FNV-1a, spread by the golden angle).
function hueOf(name: string): number {
  let hash = 0x811c9dc5
  for (const letter of name) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193)
  return Math.round(((hash >>> 0) * 137.508) % 360)
}

export function lettersOf(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean)
  const letters =
    words.length > 1 ? (words[0]?.[0] ?? "") + (words[1]?.[0] ?? "") : (words[0] ?? "?").slice(0, 2)
  return letters.charAt(0).toUpperCase() + letters.slice(1)
}

/// A template's picture: its icon, or two letters on a colour that stays.
export function Tile({ name, icon, small }: { name: string; icon?: string; small?: boolean }) {
  const size = small ? "size-8 text-sm" : "size-12 text-lg"
  if (icon?.startsWith("data:image/") || icon?.startsWith("/")) {
    return (
      <img
        src={icon}
        alt=""
        className={classes(size, "shrink-0 rounded-md border border-line object-cover")}
      />
    )
  }
  return (
    <span
      aria-hidden
      className={classes(
        size,
        "flex shrink-0 items-center justify-center rounded-md font-semibold text-[white]",
      )}
      style={{ backgroundColor: `hsl(${hueOf(name)} 42% 34%)` }}
    >
      {lettersOf(name)}
    </span>
  )
}
