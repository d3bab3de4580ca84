import { type ComponentType, useEffect, useReducer, useState } from "react"
import { backoff } from "@/api/stream"
import { Button } from "./button"
import { Page } from "./page"

/// The code of a page: there, not yet, or why not.
interface Code {
  page?: ComponentType
  failure?: unknown
  fetch: () => Promise<void>
}

/// A page whose code comes with its first visit. While the server is away the rest stays, and the page comes by itself
/// when the server is back; the router's own would load the whole document anew, and lose it.
export function lazyPage<Name extends string>(load: () => Promise<Record<Name, ComponentType>>, name: Name) {
  const code: Code = {
    async fetch() {
      try {
        code.page ??= (await load())[name]
      } catch (error) {
        code.failure = error
      }
    },
  }
  return Object.assign(() => <LazyPage code={code} />, { preload: code.fetch })
}

function LazyPage({ code }: { code: Code }) {
  const [, look] = useReducer((looks: number) => looks + 1, 0)
  return code.page ? <code.page /> : <Away code={code} arrived={look} />
}

/// Whether anybody answers; the page's own code may be another one since.
async function serverAnswers(): Promise<boolean> {
  return fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(10_000) }).then(
    (answer) => answer.ok,
    () => false,
  )
}

function Away({ code, arrived }: { code: Code; arrived: () => void }) {
  const [broken, setBroken] = useState(false)
  const [hurries, hurry] = useReducer((count: number) => count + 1, 0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a hurry begins anew
  useEffect(() => {
    let ended = false
    let failures = 0
    let timer: ReturnType<typeof setTimeout>
    const look = async () => {
      if (await serverAnswers()) {
        await code.fetch()
        if (ended) return
        if (code.page) return arrived()
        // It is there and has other files now, of which a new document knows; one that just came knows them.
        return wasReloaded() ? setBroken(true) : location.reload()
      }
      failures += 1
      if (!ended) timer = setTimeout(look, backoff(failures, Math.random()) * 1000)
    }
    void look()
    addEventListener("online", hurry)
    return () => {
      ended = true
      clearTimeout(timer)
      removeEventListener("online", hurry)
    }
  }, [code, arrived, hurries])

  if (broken) throw code.failure
  return (
    <Page title="Berth does not answer">
      <p role="status" className="mb-4 max-w-prose">
        This page comes by itself once it answers. Sessions go on meanwhile.
      </p>
      <Button onClick={hurry}>Try again</Button>
    </Page>
  )
}

function wasReloaded(): boolean {
  const [document] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[]
  return document?.type === "reload"
}
