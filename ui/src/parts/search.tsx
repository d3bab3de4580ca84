import { Search as SearchIcon } from "lucide-react"
import { useEffect, useState } from "react"

/// A search field whose text goes to the address when typing pauses.
export function Search({
  label,
  value,
  onChange,
}: {
  label: string
  value: string
  onChange: (q: string) => void
}) {
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  useEffect(() => {
    if (text === value) return
    const timer = setTimeout(() => onChange(text), 250)
    return () => clearTimeout(timer)
  }, [text, value, onChange])
  return (
    <div className="relative w-full sm:w-72">
      <SearchIcon aria-hidden className="pointer-events-none absolute top-2.5 left-3 size-4 text-muted" />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        value={text}
        onChange={(e) => setText(e.target.value)}
        className="h-9 w-full rounded-md border border-edge bg-surface pr-3 pl-9"
      />
    </div>
  )
}
