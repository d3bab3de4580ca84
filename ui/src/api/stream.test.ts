import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { FakeSocket } from "./fake-socket"
import { backoff, type Frame, Stream } from "./stream"

const heard = { frames: [] as Frame[], links: [] as string[], stale: 0, out: 0 }

function start(): Stream {
  const stream = new Stream("ws://berth/api/v1/events?all=true", {
    open: FakeSocket.open,
    frame: (frame) => heard.frames.push(frame),
    stale: () => {
      heard.stale += 1
    },
    link: (link) => heard.links.push(link),
    signedOut: () => {
      heard.out += 1
    },
  })
  stream.start()
  return stream
}

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.made = []
  Object.assign(heard, { frames: [], links: [], stale: 0, out: 0 })
})
afterEach(() => vi.useRealTimers())

test("it resumes after the last frame that it heard", () => {
  start()
  FakeSocket.last.says({ type: "hello", sequence: 7 })
  FakeSocket.last.says({ sequence: 8, kind: "session.started", subject: "a" })
  FakeSocket.last.breaks()
  vi.advanceTimersByTime(2000)
  expect(FakeSocket.last.url).toBe("ws://berth/api/v1/events?all=true&after=8")
  expect(heard.links).toEqual(["connecting", "open", "lost"])
})

test("a frame that comes twice is applied once", () => {
  start()
  FakeSocket.last.says({ type: "hello", sequence: 7 })
  FakeSocket.last.says({ sequence: 8, kind: "session.started" })
  FakeSocket.last.says({ sequence: 8, kind: "session.started" })
  expect(heard.frames).toHaveLength(1)
})

test("progress has no number and is always heard", () => {
  start()
  FakeSocket.last.says({ type: "hello", sequence: 7 })
  FakeSocket.last.says({ kind: "image.progress", subject: "x" })
  FakeSocket.last.says({ kind: "image.progress", subject: "x" })
  expect(heard.frames).toHaveLength(2)
})

test("a first hello, a resync and a history that began anew make what is held stale; a resume does not", () => {
  start()
  FakeSocket.last.says({ type: "hello", sequence: 7 })
  expect(heard.stale).toBe(1)
  FakeSocket.last.breaks()
  vi.advanceTimersByTime(2000)
  FakeSocket.last.says({ type: "hello", sequence: 9 })
  expect(heard.stale).toBe(1)
  FakeSocket.last.says({ type: "resync", sequence: 90 })
  expect(heard.stale).toBe(2)
  FakeSocket.last.breaks()
  vi.advanceTimersByTime(2000)
  expect(FakeSocket.last.url).toContain("after=90")
  FakeSocket.last.says({ type: "hello", sequence: 3 })
  expect(heard.stale).toBe(3)
})

test("a minute without a server costs at most eight tries", () => {
  start()
  const end = Date.now() + 60_000
  FakeSocket.last.breaks()
  while (Date.now() < end) {
    vi.advanceTimersByTime(500)
    if (FakeSocket.last.readyState === 0) FakeSocket.last.breaks()
  }
  expect(FakeSocket.made.length).toBeLessThanOrEqual(8)
})

test("waits grow and stay spread", () => {
  expect([1, 2, 3, 4, 5, 50].map((n) => backoff(n, 0.5))).toEqual([1, 2, 4, 8, 15, 15])
  expect(backoff(3, 0)).toBeLessThan(backoff(3, 1))
})

test("signed out ends it, and stopped stays stopped", () => {
  start()
  FakeSocket.last.breaks(4401)
  vi.advanceTimersByTime(60_000)
  expect([heard.out, FakeSocket.made.length]).toEqual([1, 1])
  const stream = start()
  stream.stop()
  vi.advanceTimersByTime(60_000)
  expect(FakeSocket.made).toHaveLength(2)
})

test("the network's return is not waited out", () => {
  const stream = start()
  for (let i = 0; i < 5; i++) {
    FakeSocket.last.breaks()
    if (i < 4) vi.advanceTimersByTime(20_000)
  }
  const before = FakeSocket.made.length
  stream.hurry()
  expect(FakeSocket.made.length).toBe(before + 1)
})
