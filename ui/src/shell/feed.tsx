import { type QueryClient, useQueryClient } from "@tanstack/react-query"
import { createContext, type ReactNode, useContext, useEffect, useState } from "react"
import { Changes } from "@/api/changes"
import { type Link, Stream } from "@/api/stream"
import type { Me, Page, Session } from "@/api/types"
import { useNotes } from "./notes"

const FeedLink = createContext<Link>("connecting")

export function useFeedLink(): Link {
  return useContext(FeedLink)
}

interface FeedProviderProps {
  me: Me
  onSignedOut: () => void
  children: ReactNode
}

/// Keeps the page's data in step with the server by the change feed, and by a slow poll while the feed is lost.
export function FeedProvider({ me, onSignedOut, children }: FeedProviderProps) {
  const cache = useQueryClient()
  const [link, setLink] = useState<Link>("connecting")
  const { note } = useNotes()
  const { id, role } = me

  useEffect(() => {
    const changes = new Changes(cache)
    let opened = Date.now()
    const address = new URL(`${location.origin.replace(/^http/, "ws")}/api/v1/events`)
    if (role === "admin") address.searchParams.set("all", "true")
    const stream = new Stream(address.href, {
      open: (url) => {
        opened = Date.now()
        return new WebSocket(url)
      },
      frame: (frame) => {
        const session = findSession(cache, frame.subject ?? "")
        // Administrators hear of every session and are told of their own.
        if (session ? session.user.id === id : role !== "admin") note(frame, session?.name)
        changes.apply(frame)
      },
      stale: () => changes.stale(opened),
      link: (now) => {
        setLink(now)
        if (now === "open") changes.back()
      },
      signedOut: onSignedOut,
    })
    stream.start()
    const hurry = () => stream.hurry()
    addEventListener("online", hurry)
    return () => {
      removeEventListener("online", hurry)
      stream.stop()
    }
  }, [cache, id, role, note, onSignedOut])

  usePollWhile(link === "lost")
  return <FeedLink value={link}>{children}</FeedLink>
}

/// A session that some page has shown.
function findSession(cache: QueryClient, id: string): Session | undefined {
  const alone = cache.getQueryData<Session>(["session", id])
  if (alone) return alone
  const lists = cache.getQueriesData<Page<Session>>({ queryKey: ["sessions"] })
  return lists.flatMap(([, list]) => list?.items ?? []).find((s) => s.id === id)
}

/// How often sessions are asked for while the feed is lost: an outage must not become a storm.
const pollEvery = 30_000

function usePollWhile(lost: boolean) {
  const cache = useQueryClient()
  useEffect(() => {
    if (!lost) return
    const timer = setInterval(() => {
      void cache.invalidateQueries({ queryKey: ["session"] })
      void cache.invalidateQueries({ queryKey: ["sessions"] })
    }, pollEvery)
    return () => clearInterval(timer)
  }, [lost, cache])
}

/// Says that what is shown may be old, while it may be.
export function FeedBanner() {
  const link = useFeedLink()
  return (
    <div role="status">
      {link === "lost" && (
        <p className="border-b border-waiting bg-surface px-4 py-1.5 text-center text-sm text-waiting">
          Reconnecting. What you see may be a moment old.
        </p>
      )}
    </div>
  )
}
