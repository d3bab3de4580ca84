import { FitAddon } from "@xterm/addon-fit"
import { type ITheme, Terminal } from "@xterm/xterm"
import "@xterm/xterm/css/xterm.css"
import { Line, type LineState } from "./line"
import { permitStyles } from "./sheets"

interface ScreenEnds {
  state(state: LineState): void
  title(title: string): void
  /// Esc, then Tab: the person wants to leave by keyboard.
  leave(): void
}

const leaveWithin = 1500

/// One terminal on the page, with its line to the shell.
export class Screen {
  readonly terminal: Terminal
  private readonly line: Line
  private readonly fit = new FitAddon()
  private readonly undo: (() => void)[] = []
  private escapedAt = Number.NEGATIVE_INFINITY
  private opened = false
  private replays = 0

  constructor(place: HTMLElement, url: string, ends: ScreenEnds, reader: boolean) {
    permitStyles()
    this.terminal = new Terminal({
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--font-mono") || "monospace",
      fontSize: 14,
      // Rows as high as the letters alone cut off the underscores of some fonts.
      lineHeight: 1.2,
      scrollback: 10_000,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      screenReaderMode: reader,
      minimumContrastRatio: 4.5,
      theme: readTheme(),
    })
    this.terminal.loadAddon(this.fit)
    this.terminal.open(place)
    this.line = new Line(url, {
      open: (address) => new WebSocket(address),
      bytes: (bytes, old) => this.show(bytes, old),
      anew: (why) => this.anew(why),
      state: (state) => {
        // Once, when there is something to type to; not when it comes back while the person is elsewhere.
        if (state.kind === "open" && !this.opened) this.terminal.focus()
        this.opened ||= state.kind === "open"
        ends.state(state)
      },
    })
    this.terminal.onData((text) => {
      if (this.replays === 0) this.line.send(text)
    })
    this.terminal.onBinary((text) => this.line.sendBytes(Uint8Array.from(text, (c) => c.charCodeAt(0))))
    this.terminal.onResize(({ rows, cols }) => this.line.resize(rows, cols))
    this.terminal.onTitleChange(ends.title)
    this.terminal.attachCustomKeyEventHandler((event) => this.key(event, ends.leave))
    this.watch(place)
    this.fit.fit()
    this.line.resize(this.terminal.rows, this.terminal.cols)
    this.line.connect()
  }

  set reader(on: boolean) {
    this.terminal.options.screenReaderMode = on
  }

  hurry() {
    this.line.hurry()
  }

  close() {
    this.line.end()
    this.terminal.dispose()
    for (const undo of this.undo.reverse()) undo()
  }

  /// A program that once asked the terminal something has its answer: of what is shown again, the terminal's
  /// answers would be typed into whatever runs now.
  private show(bytes: Uint8Array, old: number) {
    if (old > 0) {
      this.replays += 1
      this.terminal.write(bytes.subarray(0, old), () => {
        this.replays -= 1
      })
    }
    if (old < bytes.byteLength) this.terminal.write(bytes.subarray(old))
  }

  private anew(why: "shell" | "gap") {
    this.terminal.reset()
    const text =
      why === "shell"
        ? "The shell before this one has ended; this is a new one."
        : "Some output before this was not kept."
    this.terminal.write(`\x1b[2m${text}\x1b[0m\r\n`)
  }

  private watch(place: HTMLElement) {
    const sized = new ResizeObserver(() => this.fit.fit())
    sized.observe(place)
    const themed = new MutationObserver(() => this.retheme())
    themed.observe(document.documentElement, { attributeFilter: ["data-theme"] })
    const system = matchMedia("(prefers-color-scheme: dark)")
    const retheme = () => this.retheme()
    const hurry = () => this.hurry()
    system.addEventListener("change", retheme)
    addEventListener("online", hurry)
    this.undo.push(() => {
      sized.disconnect()
      themed.disconnect()
      system.removeEventListener("change", retheme)
      removeEventListener("online", hurry)
    })
  }

  private retheme() {
    this.terminal.options.theme = readTheme()
  }

  /// True: the shell gets the key.
  private key(event: KeyboardEvent, leave: () => void): boolean {
    if (event.type !== "keydown") return true
    const now = event.timeStamp
    if (event.key === "Escape") {
      this.escapedAt = now
      return true
    }
    const escaped = now - this.escapedAt < leaveWithin
    if (event.key !== "Shift") this.escapedAt = Number.NEGATIVE_INFINITY
    if (event.key === "Tab" && escaped) {
      event.preventDefault()
      leave()
      return false
    }
    if (event.ctrlKey && event.shiftKey && event.key.toLowerCase() === "c") {
      event.preventDefault()
      void navigator.clipboard?.writeText(this.terminal.getSelection())
      return false
    }
    // Pasting is the browser's: it puts the text into the terminal's own field.
    return !(event.ctrlKey && event.key.toLowerCase() === "v")
  }
}

const ansi = {
  dark: ["#1c2840", "#fb8585", "#4ade80", "#fbbf24", "#7cb3ff", "#d8a6ff", "#22d3ee", "#d5dde8"],
  light: ["#0f172a", "#b91c1c", "#15803d", "#a34a05", "#1d4ed8", "#7e22ce", "#0e7490", "#526075"],
}
const names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const

/// The page's tokens as the terminal's colours.
function readTheme(): ITheme {
  const style = getComputedStyle(document.documentElement)
  const token = (name: string) => style.getPropertyValue(name).trim()
  const eight = ansi[style.colorScheme.includes("dark") ? "dark" : "light"]
  const theme: Record<string, string> = {
    background: token("--surface"),
    foreground: token("--text"),
    cursor: token("--accent"),
    cursorAccent: token("--surface"),
    selectionBackground: `${token("--accent")}55`,
  }
  names.forEach((name, i) => {
    const colour = eight[i] ?? ""
    theme[name] = colour
    theme[`bright${name.charAt(0).toUpperCase()}${name.slice(1)}`] = colour
  })
  return theme
}
