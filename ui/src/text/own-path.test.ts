import { expect, it } from "vitest"
import { isOwnPath } from "./own-path"

const origin = "https://berth.example.org"

it.each(["/", "/grafana/?a=b", "/.berth/sign-in?to=%2F"])("%s is a path here", (to) => {
  expect(isOwnPath(to, origin)).toBe(true)
})

it.each(["", "grafana", "https://example.org/", "//example.org/", "/\\example.org", "//", "/\\", "//["])(
  "%s is none",
  (to) => {
    expect(isOwnPath(to, origin)).toBe(false)
  },
)
