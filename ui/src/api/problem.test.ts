import { expect, test } from "vitest"
import { asProblem, readProblem } from "./problem"

test("a problem document says what, why, what now and which request", () => {
  const body = {
    type: "about:blank",
    title: "x",
    status: 429,
    code: "quota_exceeded",
    detail: "quota: 4 of 4",
    next: "delete one",
    requestId: "r1",
  }
  expect(readProblem(429, body)).toMatchObject({
    status: 429,
    code: "quota_exceeded",
    message: "quota: 4 of 4",
    next: "delete one",
    requestId: "r1",
  })
})

test("an answer that is none is still told apart", () => {
  expect(readProblem(502, "<html>", "r2")).toMatchObject({ code: "unavailable", requestId: "r2" })
  expect(readProblem(418, undefined)).toMatchObject({ status: 418, code: "unknown" })
  expect(asProblem(new TypeError("odd")).message).toBe("odd")
})
