import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react"
import type { Frame } from "@/api/stream"

export interface Note {
  sequence: number
  at: string
  title: string
  text: string
  session: string
}

interface Notes {
  notes: Note[]
  unseen: number
  note: (frame: Frame, name?: string) => void
  seen: () => void
}

const NotesContext = createContext<Notes>({ notes: [], unseen: 0, note: () => {}, seen: () => {} })

export function useNotes(): Notes {
  return useContext(NotesContext)
}

const told: Record<string, string> = {
  "session.failed": "failed",
  "session.warned": "will stop soon",
  "session.hibernated": "is hibernated",
  "session.started": "is running",
  "session.deleted": "is deleted",
}

/// What a frame tells a person, if it tells anything worth a note.
export function readNote(frame: Frame, name?: string): Note | undefined {
  const word = told[frame.kind ?? ""]
  if (!word || frame.sequence === undefined || !frame.subject) return undefined
  const data = frame.data ?? {}
  const called = name ?? (typeof data.name === "string" ? data.name : "A session")
  const text = typeof data.message === "string" ? data.message : ""
  return {
    sequence: frame.sequence,
    at: frame.at ?? new Date().toISOString(),
    title: `${called} ${word}`,
    text,
    session: frame.subject,
  }
}

/// The last twenty things that happened while this page was open.
export function NotesProvider({ children }: { children: ReactNode }) {
  const [notes, setNotes] = useState<Note[]>([])
  const [unseen, setUnseen] = useState(0)
  const note = useCallback((frame: Frame, name?: string) => {
    const made = readNote(frame, name)
    if (!made) return
    setNotes((old) => [made, ...old].slice(0, 20))
    setUnseen((n) => n + 1)
  }, [])
  const seen = useCallback(() => setUnseen(0), [])
  const value = useMemo(() => ({ notes, unseen, note, seen }), [notes, unseen, note, seen])
  return <NotesContext value={value}>{children}</NotesContext>
}
