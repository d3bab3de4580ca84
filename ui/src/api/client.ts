import createClient from "openapi-fetch"
import { Problem, readProblem, unreachable } from "./problem"
import type { paths } from "./schema"

/// How long an ordinary answer may take before the page says so.
const patience = 15_000

type SignedOut = () => void
let signedOut: SignedOut = () => {}

/// Called once per answer 401 outside the sign-in pages.
export function onSignedOut(listener: SignedOut) {
  signedOut = listener
}

/// One request with the time-out and the network's failure turned into a Problem.
async function send(request: Request): Promise<Response> {
  const limit = AbortSignal.timeout(patience)
  try {
    return await fetch(request, { signal: AbortSignal.any([request.signal, limit]) })
  } catch (error) {
    if (request.signal.aborted) throw error
    if (limit.aborted) {
      const detail = `No answer after ${patience / 1000} s.`
      throw new Problem(0, "timed_out", detail, "Try again.")
    }
    throw unreachable()
  }
}

export const client = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? "http://localhost",
  fetch: send,
  credentials: "same-origin",
})

/// The data of an answer, or its problem thrown.
export async function call<T>(
  answer: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await answer
  if (response.ok) return data as T
  if (response.status === 401 && !response.url.includes("/auth/")) signedOut()
  throw readProblem(response.status, error, response.headers.get("x-request-id"))
}

/// A DELETE of an address whose path has slashes of its own.
export async function deleteAt(address: string): Promise<{ error?: unknown; response: Response }> {
  const response = await send(new Request(address, { method: "DELETE", credentials: "same-origin" }))
  return response.ok ? { response } : { error: await response.json().catch(() => undefined), response }
}

/// A key that makes a repeated create the same create.
export function idempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join(
    "",
  )
}
