import { useQuery, useQueryClient } from "@tanstack/react-query"
import { Upload } from "lucide-react"
import { type DragEvent, useRef, useState } from "react"
import { deleteUpload } from "@/api/actions"
import { asProblem, Problem } from "@/api/problem"
import { filesQuery } from "@/api/queries"
import type { FileLimits, UserFile } from "@/api/types"
import { fileAddress, uploadFile } from "@/api/upload"
import { Button } from "@/parts/button"
import { classes } from "@/parts/classes"
import { Confirm } from "@/parts/confirm"
import { Progress } from "@/parts/progress"
import { type Column, Rows } from "@/parts/rows"
import { Section } from "@/parts/section"
import { Failed, Loading, ProblemNote } from "@/parts/states"
import { Ago } from "@/parts/time"
import { say } from "@/parts/toast"
import { parseBytes, sayBytes } from "@/text/amounts"

const columns: Column<UserFile>[] = [
  {
    name: "Path",
    cell: (f) => (
      <a href={fileAddress(f.path)} download className="link font-mono text-sm break-all">
        {f.path}
      </a>
    ),
  },
  { name: "Size", cell: (f) => sayBytes(parseBytes(f.size)) },
  { name: "Uploaded", cell: (f) => <Ago at={f.createdAt} /> },
  { name: "Actions", cell: (f) => <DeleteFile file={f} />, className: "sm:text-right" },
]

/// Uploads that appear in sessions, where a template shows them and their owner agrees.
export function Files() {
  const files = useQuery(filesQuery())
  return (
    <Section
      title="Files"
      lead="Uploads that appear in your sessions, where a template shows them and you agree. Kept encrypted."
    >
      {files.error && !files.data ? (
        <Failed error={files.error} retry={() => void files.refetch()} busy={files.isFetching} />
      ) : !files.data ? (
        <Loading what="Loading files" />
      ) : (
        <div className="space-y-4">
          {files.data.items.length > 0 && (
            <Rows label="Files" columns={columns} rows={files.data.items} id={(f) => f.path} />
          )}
          <Drop limits={files.data.limits} />
          <p className="text-sm text-muted">
            {`${sayBytes(parseBytes(files.data.used))} of ${sayBytes(parseBytes(files.data.limits.together))} used, ${sayBytes(parseBytes(files.data.limits.each))} a file at most.`}
          </p>
        </div>
      )}
    </Section>
  )
}

interface Sending {
  path: string
  share: number
  error?: Problem
}

/// Takes files that are dropped or chosen and sends them one after the other.
export function Drop({ limits }: { limits: FileLimits }) {
  const cache = useQueryClient()
  const choose = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const [sending, setSending] = useState<Sending[]>([])
  const busy = sending.some((s) => !s.error)

  function change(path: string, to?: Partial<Sending>) {
    setSending((all) =>
      to ? all.map((s) => (s.path === path ? { ...s, ...to } : s)) : all.filter((s) => s.path !== path),
    )
  }
  async function send(chosen: File[]) {
    setSending(chosen.map((f) => ({ path: pathOf(f), share: 0 })))
    for (const file of chosen) {
      const path = pathOf(file)
      try {
        if (file.size > (parseBytes(limits.each) ?? 0)) throw tooLarge(limits)
        await uploadFile(file, path, (share) => change(path, { share }))
        change(path)
        say(`Uploaded ${path}`)
      } catch (error) {
        change(path, { error: asProblem(error) })
      }
      await cache.invalidateQueries({ queryKey: ["files"] })
    }
    void cache.invalidateQueries({ queryKey: ["needs"] })
  }
  function drop(event: DragEvent) {
    event.preventDefault()
    setOver(false)
    const dropped = [...event.dataTransfer.files]
    if (dropped.length > 0 && !busy) void send(dropped)
  }

  return (
    <div className="space-y-3">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a place to drop things; the button in it does the same */}
      <div
        data-testid="drop"
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
        className={classes(
          "flex flex-wrap items-center justify-center gap-3 rounded-md border border-dashed px-4 py-6 text-muted",
          over ? "border-accent bg-raised" : "border-edge",
        )}
      >
        <Upload aria-hidden className="size-4" />
        Drop files here, or
        <Button busy={busy} onClick={() => choose.current?.click()}>
          Choose files
        </Button>
        <input
          ref={choose}
          type="file"
          multiple
          hidden
          aria-label="Files to upload"
          onChange={(event) => {
            const chosen = [...(event.target.files ?? [])]
            event.target.value = ""
            if (chosen.length > 0) void send(chosen)
          }}
        />
      </div>
      {sending.map((s) => (
        <div key={s.path} className="space-y-1">
          <p className="flex justify-between gap-3 text-sm">
            <span className="font-mono break-all">{s.path}</span>
            {!s.error && <span className="text-muted">{`${Math.round(s.share * 100)} %`}</span>}
          </p>
          {s.error ? (
            <ProblemNote error={s.error} />
          ) : (
            <Progress label={`Uploading ${s.path}`} share={s.share} />
          )}
        </div>
      ))}
    </div>
  )
}

/// Of a folder that was chosen the path within it.
function pathOf(file: File): string {
  return file.webkitRelativePath || file.name
}

function tooLarge(limits: FileLimits): Problem {
  return new Problem(413, "too_large", `A file may have at most ${sayBytes(parseBytes(limits.each))}.`)
}

function DeleteFile({ file }: { file: UserFile }) {
  const cache = useQueryClient()
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)} aria-label={`Delete file ${file.path}`}>
        Delete
      </Button>
      <Confirm
        open={open}
        onOpenChange={setOpen}
        title={`Delete file ${file.path}`}
        verb="Delete file"
        action={() => deleteUpload(file.path)}
        done={() => {
          say(`Deleted ${file.path}`)
          void cache.invalidateQueries({ queryKey: ["files"] })
        }}
      >
        <p>Its content is lost. Sessions that start from now on do not have it.</p>
      </Confirm>
    </>
  )
}
