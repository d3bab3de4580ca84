import type { components } from "./schema"

export type ProblemDocument = components["schemas"]["Problem"]

/// What a request that did not succeed says: what happened and why, what to do now, and how to find it in the log.
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly next?: string
  readonly requestId?: string

  constructor(status: number, code: string, detail: string, next?: string, requestId?: string) {
    super(detail)
    this.name = "Problem"
    this.status = status
    this.code = code
    this.next = next || undefined
    this.requestId = requestId || undefined
  }

  /// Nobody answered, or only something in front of Berth did: it passes by itself.
  get away(): boolean {
    return this.code === "unreachable" || this.code === "unavailable"
  }
}

/// Reads a problem document, or says what can be said of an answer that is none (a proxy's page, an empty body).
export function readProblem(status: number, body: unknown, requestId?: string | null): Problem {
  const id = requestId ?? undefined
  if (isDocument(body)) {
    return new Problem(
      status,
      body.code ?? "unknown",
      body.detail || body.title || "",
      body.next,
      body.requestId ?? id,
    )
  }
  if (status === 502 || status === 503 || status === 504) {
    const detail = "Berth does not answer: something in front of it says so."
    return new Problem(status, "unavailable", detail, "Try again in a moment.", id)
  }
  return new Problem(status, "unknown", `The server answered ${status} without saying why.`, "Try again.", id)
}

/// The network did not carry the request: no answer, no status.
export function unreachable(): Problem {
  return new Problem(
    0,
    "unreachable",
    "Berth cannot be reached from here.",
    "Check the network, then try again.",
  )
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  return new Problem(0, "unknown", error instanceof Error ? error.message : String(error))
}

function isDocument(body: unknown): body is Partial<ProblemDocument> {
  return typeof body === "object" && body !== null && ("detail" in body || "code" in body)
}
