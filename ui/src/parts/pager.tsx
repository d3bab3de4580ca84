import { Button } from "./button"

interface PagerProps {
  cursor?: string
  next?: string
  onCursor: (cursor: string | undefined) => void
}

/// The next page is a new address, so Back returns to the one before.
export function Pager({ cursor, next, onCursor }: PagerProps) {
  if (!cursor && !next) return null
  return (
    <nav aria-label="Pages" className="mt-3 flex justify-end gap-2">
      {cursor && (
        <Button size="small" onClick={() => onCursor(undefined)}>
          First page
        </Button>
      )}
      {next && (
        <Button size="small" onClick={() => onCursor(next)}>
          Next page
        </Button>
      )}
    </nav>
  )
}
