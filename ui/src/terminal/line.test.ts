import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { FakeSocket } from "@/api/fake-socket"
import { Line, type LineState } from "./line"

const heard = { text: "", anew: [] as string[], states: [] as LineState[] }

function connect(): Line {
  const decoder = new TextDecoder()
  const line = new Line("ws://berth/api/v1/sessions/ses_1/terminal?id=main", {
    open: FakeSocket.open,
    bytes: (bytes) => {
      heard.text += decoder.decode(bytes)
    },
    anew: (why) => heard.anew.push(why),
    state: (state) => heard.states.push(state),
  })
  line.resize(30, 100)
  line.connect()
  return line
}

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.made = []
  Object.assign(heard, { text: "", anew: [], states: [] })
})
afterEach(() => vi.useRealTimers())

test("a first connection asks for all that is kept, with the size of the screen", () => {
  connect()
  expect(FakeSocket.last.url).toBe("ws://berth/api/v1/sessions/ses_1/terminal?id=main&rows=30&cols=100")
})

test("after a break it goes on at the byte where it stopped, in the same shell", () => {
  connect()
  FakeSocket.last.says({ type: "attached", offset: 100, id: "main" })
  FakeSocket.last.writes("hello")
  FakeSocket.last.breaks()
  vi.advanceTimersByTime(2000)
  expect(new URL(FakeSocket.last.url).searchParams.get("offset")).toBe("105")
  FakeSocket.last.says({ type: "attached", offset: 105, id: "main" })
  FakeSocket.last.writes(" again")
  expect(heard.text).toBe("hello again")
  expect(heard.anew).toEqual([])
  expect(heard.states.map((s) => s.kind)).toEqual(["connecting", "open", "lost", "open"])
})

test("what was written before we came is told apart from what is live", () => {
  const old: number[] = []
  const line = new Line("ws://berth/api/v1/sessions/ses_1/terminal?id=main", {
    open: FakeSocket.open,
    bytes: (_, before) => old.push(before),
    anew: () => {},
    state: () => {},
  })
  line.connect()
  FakeSocket.last.says({ type: "attached", offset: 100, liveFrom: 107 })
  FakeSocket.last.writes("hello")
  FakeSocket.last.writes("hello")
  FakeSocket.last.writes("hello")
  expect(old).toEqual([5, 2, 0])
})

test("bytes are counted, not letters", () => {
  connect()
  FakeSocket.last.says({ type: "attached", offset: 0 })
  FakeSocket.last.writes("ä€")
  FakeSocket.last.breaks()
  vi.advanceTimersByTime(2000)
  expect(new URL(FakeSocket.last.url).searchParams.get("offset")).toBe("5")
})

test("another shell and missing output are told", () => {
  connect()
  FakeSocket.last.says({ type: "attached", offset: 500 })
  FakeSocket.last.breaks()
  vi.advanceTimersByTime(2000)
  FakeSocket.last.says({ type: "attached", offset: 0 })
  FakeSocket.last.says({ type: "offset", offset: 900 })
  FakeSocket.last.breaks()
  vi.advanceTimersByTime(2000)
  FakeSocket.last.says({ type: "attached", offset: 950 })
  expect(heard.anew).toEqual(["shell", "gap", "gap"])
})

test.each([
  [1000, { kind: "exited", status: 0 }],
  [4401, { kind: "refused", why: "signed-out" }],
  [4404, { kind: "refused", why: "not-found" }],
  [4409, { kind: "refused", why: "not-running" }],
])("close code %i ends it", (code, state) => {
  connect()
  FakeSocket.last.says({ type: "attached", offset: 0 })
  FakeSocket.last.breaks(code)
  vi.advanceTimersByTime(60_000)
  expect(heard.states.at(-1)).toEqual(state)
  expect(FakeSocket.made).toHaveLength(1)
})

test("an exit keeps its status although the close follows", () => {
  connect()
  FakeSocket.last.says({ type: "attached", offset: 0 })
  FakeSocket.last.says({ type: "exited", status: 3 })
  FakeSocket.last.breaks(1000)
  expect(heard.states.at(-1)).toEqual({ kind: "exited", status: 3 })
})

test("typing while it is away goes nowhere, and the size is told on return", () => {
  const line = connect()
  FakeSocket.last.says({ type: "attached", offset: 0 })
  FakeSocket.last.breaks()
  line.send("lost")
  line.resize(50, 120)
  vi.advanceTimersByTime(2000)
  FakeSocket.last.says({ type: "attached", offset: 0 })
  expect(FakeSocket.last.sent).toEqual([JSON.stringify({ type: "resize", rows: 50, cols: 120 })])
})
