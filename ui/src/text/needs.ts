import type { Need } from "@/api/types"

/// How all of one's files are called where secrets are named.
export const filesName = "files/"

export function sayNeed(name: string): string {
  return name === filesName ? "your uploaded files" : name
}

/// What a launch has to ask for: there, wanted, and not agreed to.
export function openNeeds(needs: Need[]): string[] {
  return needs.filter((n) => n.there && !n.agreed).map((n) => n.name)
}

/// What has to be set before a launch.
export function missingNeeds(needs: Need[]): string[] {
  return needs.filter((n) => n.required && !n.there).map((n) => n.name)
}
