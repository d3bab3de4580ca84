/// A WebSocket for tests: the test is the server.
export class FakeSocket {
  static made: FakeSocket[] = []
  readyState = 0
  binaryType = "blob"
  sent: unknown[] = []
  onmessage?: (event: { data: unknown }) => void
  onclose?: (event: { code: number }) => void
  readonly url: string

  constructor(url: string) {
    this.url = url
    FakeSocket.made.push(this)
  }

  static open = (url: string) => new FakeSocket(url) as unknown as WebSocket

  static get last(): FakeSocket {
    const last = FakeSocket.made.at(-1)
    if (!last) throw new Error("no socket was opened")
    return last
  }

  says(message: object) {
    this.readyState = 1
    this.onmessage?.({ data: JSON.stringify(message) })
  }

  writes(text: string) {
    this.onmessage?.({ data: new TextEncoder().encode(text).buffer })
  }

  breaks(code = 1006) {
    this.readyState = 3
    this.onclose?.({ code })
  }

  send(data: unknown) {
    this.sent.push(data)
  }

  close(code = 1000) {
    this.breaks(code)
  }
}
