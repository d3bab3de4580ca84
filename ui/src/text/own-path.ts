/// Whether it is a path of that origin to every browser: `//` and backslashes lead elsewhere, or nowhere.
export function isOwnPath(to: string, origin: string): boolean {
  return to.startsWith("/") && URL.canParse(to, origin) && new URL(to, origin).origin === origin
}
