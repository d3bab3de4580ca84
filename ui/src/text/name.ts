const longest = 63

/** What is wrong with the name of a session or workspace, as the server judges it; nothing when it will do. */
export function nameProblem(name: string): string | undefined {
  if (name === "") return "Give it a name."
  if (/[/\\]/.test(name)) return "A name has no slash."
  if (/\p{Cc}/u.test(name)) return "A name has no control characters."
  if ([...name].length > longest) return `A name has at most ${longest} characters.`
  return undefined
}
