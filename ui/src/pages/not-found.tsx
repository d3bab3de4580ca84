import { ButtonLink } from "@/parts/button"
import { Page } from "@/parts/page"

export function NotFound() {
  return (
    <Page title="Not found">
      <p className="mb-4 max-w-prose">
        There is nothing at this address. It may be deleted, or it may belong to somebody else.
      </p>
      <ButtonLink to="/">Go home</ButtonLink>
    </Page>
  )
}
