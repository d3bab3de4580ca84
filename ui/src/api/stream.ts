/// The one WebSocket of the change feed: connects, resumes by sequence, backs off.

export interface Frame {
  type?: "hello" | "resync"
  sequence?: number
  kind?: string
  subject?: string
  subjectKind?: string
  at?: string
  actor?: string
  data?: Record<string, unknown>
}

export type Link = "connecting" | "open" | "lost"

export interface StreamEnds {
  open(url: string): WebSocket
  frame(frame: Frame): void
  /// Too much was missed, or the feed began anew: what is held may be old.
  stale(): void
  link(link: Link): void
  signedOut(): void
}

const waits = [1, 2, 4, 8, 15]

/// Seconds until try number `failures` (from 1), spread by a quarter so that many pages do not come back at once.
export function backoff(failures: number, random: number): number {
  const wait = waits[Math.min(failures, waits.length) - 1] ?? 1
  return wait * (0.875 + random * 0.25)
}

export class Stream {
  private socket?: WebSocket
  private timer?: ReturnType<typeof setTimeout>
  private failures = 0
  private sequence?: number
  private ended = false
  private readonly ends: StreamEnds
  private readonly address: string

  /// `address` is that of the feed, without a place to resume from.
  constructor(address: string, ends: StreamEnds) {
    this.address = address
    this.ends = ends
  }

  start() {
    this.ended = false
    this.connect()
  }

  stop() {
    this.ended = true
    clearTimeout(this.timer)
    this.socket?.close()
  }

  /// The network is back, or the page is looked at again: no reason to wait for the timer.
  hurry() {
    if (this.ended || this.socket || this.failures === 0) return
    clearTimeout(this.timer)
    this.connect()
  }

  private connect() {
    const address = new URL(this.address)
    if (this.sequence !== undefined) address.searchParams.set("after", String(this.sequence))
    const socket = this.ends.open(address.href)
    this.socket = socket
    if (this.failures === 0) this.ends.link("connecting")
    socket.onmessage = (message) => this.read(String(message.data))
    socket.onclose = (event) => this.closed(socket, event.code)
  }

  private read(text: string) {
    let frame: Frame
    try {
      frame = JSON.parse(text) as Frame
    } catch {
      return
    }
    if (frame.type === "hello" || frame.type === "resync") {
      this.greet(frame)
      return
    }
    if (frame.sequence !== undefined) {
      if (this.sequence !== undefined && frame.sequence <= this.sequence) return
      this.sequence = frame.sequence
    }
    this.ends.frame(frame)
  }

  private greet(frame: Frame) {
    const now = frame.sequence ?? 0
    this.failures = 0
    this.ends.link("open")
    // A first hello says where the feed stands; one behind us, that the server's history is another one.
    const behind = this.sequence !== undefined && now < this.sequence
    if (this.sequence === undefined || behind || frame.type === "resync") {
      this.sequence = now
      this.ends.stale()
    }
  }

  private closed(socket: WebSocket, code: number) {
    if (this.ended || socket !== this.socket) return
    this.socket = undefined
    if (code === 4401) {
      this.ends.signedOut()
      return
    }
    this.failures += 1
    this.ends.link("lost")
    this.timer = setTimeout(() => this.connect(), backoff(this.failures, Math.random()) * 1000)
  }
}
