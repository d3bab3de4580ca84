import { expect, test } from "vitest"
import { parseBytes, parseCpu, plural, sayBytes, sayCpu } from "./amounts"

test("quantities of the API are read in bytes and cores", () => {
  expect(["10Gi", "512Mi", "1G", "1048576", "1.5Gi"].map(parseBytes)).toEqual([
    10 * 2 ** 30,
    512 * 2 ** 20,
    1e9,
    1048576,
    1.5 * 2 ** 30,
  ])
  expect(["500m", "2", "0.5"].map(parseCpu)).toEqual([0.5, 2, 0.5])
})

test("what is no quantity is nothing, not zero", () => {
  expect(["", "Gi", "10 Gi", "10Xi", undefined].map(parseBytes)).toEqual(Array(5).fill(undefined))
  expect(parseCpu("fast")).toBeUndefined()
  expect(sayBytes(undefined)).toBe("–")
})

test("amounts are said in the largest unit that keeps them readable", () => {
  expect([0, 1023, 1536, 380 * 2 ** 20, 10 * 2 ** 30].map(sayBytes)).toEqual([
    "0 B",
    "1023 B",
    "1.5 KiB",
    "380 MiB",
    "10 GiB",
  ])
  expect([0.12, 1.5, 16].map(sayCpu)).toEqual(["0.12 CPU", "1.5 CPU", "16 CPU"])
  expect([plural(1, "session"), plural(10000, "session")]).toEqual(["1 session", "10,000 sessions"])
})
