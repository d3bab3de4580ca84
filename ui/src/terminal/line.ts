import { backoff } from "@/api/stream"

/// What the terminal of a session says of itself; bytes come apart from it.
export interface LineEnds {
  open(url: string): WebSocket
  /// The first `old` of them were written before we came: they are to be shown, not answered.
  bytes(bytes: Uint8Array, old: number): void
  /// The shell is another one, or bytes are missing: what is on the screen no longer goes on.
  anew(why: "shell" | "gap"): void
  state(state: LineState): void
}

export type LineState =
  | { kind: "connecting" }
  | { kind: "open" }
  | { kind: "lost"; tries: number }
  | { kind: "exited"; status: number }
  | { kind: "refused"; why: "signed-out" | "not-found" | "not-running" }
  | { kind: "problem"; detail: string }

interface Said {
  type: "attached" | "offset" | "exited" | "problem"
  offset?: number
  liveFrom?: number
  status?: number
  detail?: string
}

const refusals: Record<number, "signed-out" | "not-found" | "not-running"> = {
  4401: "signed-out",
  4404: "not-found",
  4409: "not-running",
}

/// The line to one shell: the same shell by id, continued at the byte where the network broke it.
export class Line {
  private socket?: WebSocket
  private timer?: ReturnType<typeof setTimeout>
  private offset?: number
  private liveFrom = 0
  private tries = 0
  private over = false
  private size = { rows: 24, cols: 80 }
  private readonly url: string
  private readonly ends: LineEnds
  private readonly encoder = new TextEncoder()

  /// `url` has the id and component and no offset.
  constructor(url: string, ends: LineEnds) {
    this.url = url
    this.ends = ends
  }

  connect() {
    clearTimeout(this.timer)
    const url = new URL(this.url)
    url.searchParams.set("rows", String(this.size.rows))
    url.searchParams.set("cols", String(this.size.cols))
    if (this.offset !== undefined) url.searchParams.set("offset", String(this.offset))
    const socket = this.ends.open(url.href)
    this.socket = socket
    socket.binaryType = "arraybuffer"
    if (this.tries === 0) this.ends.state({ kind: "connecting" })
    socket.onmessage = (message) => {
      if (socket !== this.socket) return
      if (typeof message.data === "string") this.hear(message.data)
      else this.take(new Uint8Array(message.data as ArrayBuffer))
    }
    socket.onclose = (event) => this.closed(socket, event.code)
  }

  send(text: string) {
    if (this.socket?.readyState === 1) this.socket.send(this.encoder.encode(text))
  }

  sendBytes(bytes: Uint8Array<ArrayBuffer>) {
    if (this.socket?.readyState === 1) this.socket.send(bytes)
  }

  resize(rows: number, cols: number) {
    this.size = { rows, cols }
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify({ type: "resize", rows, cols }))
  }

  /// The network is back: no reason to wait for the timer.
  hurry() {
    if (!this.over && !this.socket) this.connect()
  }

  end() {
    this.over = true
    clearTimeout(this.timer)
    this.socket?.close(1000)
    this.socket = undefined
  }

  private hear(text: string) {
    const said = JSON.parse(text) as Said
    if (said.type === "attached") this.attached(said.offset ?? 0, said.liveFrom ?? 0)
    else if (said.type === "offset") {
      this.offset = said.offset
      this.ends.anew("gap")
    } else if (said.type === "exited") {
      this.over = true
      this.ends.state({ kind: "exited", status: said.status ?? 0 })
    } else if (said.type === "problem") {
      this.over = true
      this.ends.state({ kind: "problem", detail: said.detail ?? "The terminal ended." })
    }
  }

  private attached(offset: number, liveFrom: number) {
    if (this.offset !== undefined && offset < this.offset) this.ends.anew("shell")
    else if (this.offset !== undefined && offset > this.offset) this.ends.anew("gap")
    this.offset = offset
    this.liveFrom = liveFrom
    this.tries = 0
    this.ends.state({ kind: "open" })
    this.resize(this.size.rows, this.size.cols)
  }

  private take(bytes: Uint8Array) {
    const offset = this.offset ?? 0
    const old = Math.min(Math.max(this.liveFrom - offset, 0), bytes.byteLength)
    this.offset = offset + bytes.byteLength
    this.ends.bytes(bytes, old)
  }

  private closed(socket: WebSocket, code: number) {
    if (socket !== this.socket) return
    this.socket = undefined
    if (this.over) return
    const why = refusals[code]
    if (why) {
      this.over = true
      this.ends.state({ kind: "refused", why })
      return
    }
    if (code === 1000) {
      this.over = true
      this.ends.state({ kind: "exited", status: 0 })
      return
    }
    this.tries += 1
    this.ends.state({ kind: "lost", tries: this.tries })
    this.timer = setTimeout(() => this.connect(), Math.min(8, backoff(this.tries, Math.random())) * 1000)
  }
}
