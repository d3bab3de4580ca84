// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query"
import { cleanup, render, screen } from "@testing-library/react"
import { afterEach, expect, test } from "vitest"
import { revisionsQuery } from "@/api/queries"
import type { Revision } from "@/api/types"
import { Revisions } from "./revisions"

afterEach(cleanup)

function aRevision(revision: number, digests: Revision["digests"]): Revision {
  const spec = { components: [{ name: "main", image: "localhost/shell:1" }] } as unknown as Revision["spec"]
  return { name: "shell", revision, createdAt: "2026-03-01T12:00:00Z", spec, digests }
}

test("an image of a revision that no session has had yet is not fixed, which does not say that it is away", () => {
  const cache = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } })
  const digest = `sha256:${"0123456789ab".repeat(5)}cdef`
  const items = [aRevision(1, { "localhost/shell:1": digest }), aRevision(2, {})]
  cache.setQueryData(revisionsQuery("shell").queryKey, { items, total: 2 })
  render(
    <QueryClientProvider client={cache}>
      <Revisions name="shell" />
    </QueryClientProvider>,
  )
  const said = screen.getAllByText("localhost/shell:1").map((image) => image.nextElementSibling?.textContent)
  expect(said).toEqual(["not fixed", "sha256:0123456789ab"])
})
