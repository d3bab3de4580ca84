import { Button } from "@/parts/button"
import { Page } from "@/parts/page"

/// The page itself failed: a fault of this program, or a part that the network did not bring.
export function Broken({ error }: { error: unknown }) {
  const text = error instanceof Error ? error.message : String(error)
  return (
    <Page title="This page stopped">
      <p className="mb-1 max-w-prose break-words">{text}</p>
      <p className="mb-4 max-w-prose text-muted">Sessions are not touched by this. Load the page again.</p>
      <Button onClick={() => location.reload()}>Load again</Button>
    </Page>
  )
}
