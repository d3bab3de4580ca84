import { expect, test } from "vitest"
import { missingNeeds, openNeeds, sayNeed } from "./needs"

const need = { required: false, there: true, agreed: false }

test("a launch asks for what is there and was not agreed to", () => {
  const needs = [
    { ...need, name: "A" },
    { ...need, name: "B", agreed: true },
    { ...need, name: "C", there: false },
    { ...need, name: "files/" },
  ]
  expect(openNeeds(needs)).toEqual(["A", "files/"])
  expect(openNeeds(needs).map(sayNeed)).toEqual(["A", "your uploaded files"])
})

test("only what is required can be missing", () => {
  expect(
    missingNeeds([
      { ...need, name: "A", there: false },
      { ...need, name: "B", there: false, required: true },
      { ...need, name: "C", required: true },
    ]),
  ).toEqual(["B"])
})
