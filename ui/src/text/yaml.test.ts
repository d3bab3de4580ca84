import { expect, test } from "vitest"
import { toYaml } from "./yaml"

test("a document is written as people write it", () => {
  const text = toYaml({
    kind: "Template",
    metadata: { name: "code" },
    spec: {
      components: [{ name: "main", image: "localhost/berth/code:1", ports: [{ port: 80 }] }],
      tags: [],
      env: {},
    },
  })
  expect(text).toBe(`kind: Template
metadata:
  name: code
spec:
  components:
    - name: main
      image: localhost/berth/code:1
      ports:
        - port: 80
  tags: []
  env: {}
`)
})

test("texts that a reader would take for something else are quoted", () => {
  const odd = [
    "2",
    "1e3",
    "true",
    "NO",
    "null",
    "~",
    "",
    " x",
    "a: b",
    "a #b",
    "- a",
    "*a",
    "{a}",
    "12:30",
    "0x1f",
    "x:",
  ]
  for (const text of odd) expect(toYaml({ v: text })).toBe(`v: ${JSON.stringify(text)}\n`)
  for (const text of ["500m", "10Gi", "/home/user", "a b", "5m", "A-b_c"])
    expect(toYaml({ v: text })).toBe(`v: ${text}\n`)
})

test("texts of many lines keep their lines and their end", () => {
  expect(toYaml({ v: "a\nb\n" })).toBe("v: |\n  a\n  b\n")
  expect(toYaml({ v: "a\n\nb" })).toBe("v: |-\n  a\n\n  b\n")
  expect(toYaml({ v: " a\nb" })).toBe('v: " a\\nb"\n')
})
