import { useQuery, useQueryClient } from "@tanstack/react-query"
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { type FormEvent, useCallback, useId, useState } from "react"
import { deleteWorkspace, renameWorkspace } from "@/api/actions"
import { workspacesQuery } from "@/api/queries"
import type { Workspace } from "@/api/types"
import { useAct } from "@/parts/act"
import { Button, ButtonLink, buttonClasses } from "@/parts/button"
import { Confirm } from "@/parts/confirm"
import { Dialog, DialogClose } from "@/parts/dialog"
import { Field, TextInput } from "@/parts/field"
import { Listing } from "@/parts/listing"
import { Page } from "@/parts/page"
import type { Column } from "@/parts/rows"
import { Search } from "@/parts/search"
import { Empty, ProblemNote } from "@/parts/states"
import { Ago } from "@/parts/time"
import { say } from "@/parts/toast"
import { parseBytes, plural, sayBytes } from "@/text/amounts"

/// One's own storage: what is kept, for what, and who uses it now.
export function Workspaces() {
  const search = useSearch({ from: "/frame/workspaces" })
  const navigate = useNavigate({ from: "/workspaces" })
  const found = useQuery(workspacesQuery({ sort: "name", ...search, limit: 50 }))
  const find = useCallback(
    (q: string) =>
      void navigate({ search: (old) => ({ ...old, q: q || undefined, cursor: undefined }), replace: true }),
    [navigate],
  )
  const data = found.data
  return (
    <Page
      title="Workspaces"
      lead={data && `${plural(data.total, "workspace")}. They outlive sessions.`}
      beside={<Search label="Search workspaces" value={search.q ?? ""} onChange={find} />}
    >
      <Listing
        label="Workspaces"
        found={found}
        columns={columns}
        id={(w) => w.id}
        sort={search.sort ?? "name"}
        cursor={search.cursor}
        onSearch={(changes) => void navigate({ search: (old) => ({ ...old, ...changes }) })}
        empty={<Nothing q={search.q} />}
      />
    </Page>
  )
}

function Nothing({ q }: { q?: string }) {
  if (q) return <Empty title={`No workspace matches "${q}"`}>Search looks at names.</Empty>
  return (
    <Empty title="No workspaces yet" action={<ButtonLink to="/catalog">Open the catalog</ButtonLink>}>
      A workspace is made when you launch a session that keeps files. It stays when the session goes.
    </Empty>
  )
}

const columns: Column<Workspace>[] = [
  { name: "Name", sort: "name", cell: (w) => <span className="font-medium">{w.name}</span> },
  {
    name: "Template",
    sort: "template",
    cell: (w) => (
      <Link to="/catalog/$name" params={{ name: w.template }} className="link">
        {w.template}
      </Link>
    ),
  },
  { name: "Used by", cell: (w) => <UsedBy workspace={w} /> },
  { name: "Volumes", cell: (w) => sayVolumes(w) },
  {
    name: "Last used",
    sort: "lastUsedAt",
    cell: (w) => (w.lastUsedAt ? <Ago at={w.lastUsedAt} /> : "never"),
  },
  { name: "Actions", cell: (w) => <Actions workspace={w} />, className: "sm:text-right" },
]

function sayVolumes(w: Workspace): string {
  return w.volumes.map((v) => `${v.name} ${sayBytes(parseBytes(v.size))}`).join(", ") || "none yet"
}

function UsedBy({ workspace }: { workspace: Workspace }) {
  if (workspace.sessions.length === 0) return <span className="text-muted">nothing</span>
  return workspace.sessions.map((s) => (
    <span key={s.id} className="block">
      <Link to="/sessions/$id" params={{ id: s.id }} className="link">
        {s.name}
      </Link>
      <span className="text-muted"> {s.phase}</span>
    </span>
  ))
}

function Actions({ workspace }: { workspace: Workspace }) {
  const cache = useQueryClient()
  const [renaming, setRenaming] = useState(false)
  const [deleting, setDeleting] = useState(false)
  const [holder] = workspace.sessions
  return (
    <div className="flex gap-1.5 pt-1 sm:justify-end sm:pt-0">
      <Button
        size="small"
        onClick={() => setRenaming(true)}
        aria-label={`Rename workspace ${workspace.name}`}
      >
        Rename
      </Button>
      <Button
        size="small"
        disabled={!!holder}
        title={holder ? `In use by session ${holder.name}. Delete that session first.` : undefined}
        onClick={() => setDeleting(true)}
        aria-label={`Delete workspace ${workspace.name}`}
      >
        Delete
      </Button>
      <Rename workspace={workspace} open={renaming} onOpenChange={setRenaming} />
      <Confirm
        open={deleting}
        onOpenChange={setDeleting}
        title={`Delete workspace ${workspace.name}`}
        verb="Delete workspace"
        name={workspace.name}
        action={() => deleteWorkspace(workspace)}
        done={() => {
          say(`Deleted workspace ${workspace.name}`)
          void cache.invalidateQueries({ queryKey: ["workspaces"] })
        }}
      >
        <p>
          Lost: all files in {plural(workspace.volumes.length, "volume")}
          {workspace.volumes.length > 0 && ` (${sayVolumes(workspace)})`}. Nothing brings them back.
        </p>
        <p>Kept: your other workspaces and all sessions.</p>
      </Confirm>
    </div>
  )
}

function Rename({
  workspace,
  open,
  onOpenChange,
}: {
  workspace: Workspace
  open: boolean
  onOpenChange: (open: boolean) => void
}) {
  const form = useId()
  const cache = useQueryClient()
  const [name, setName] = useState(workspace.name)
  const rename = useAct({
    mutationFn: () => renameWorkspace(workspace, name.trim()),
    onSuccess: () => {
      onOpenChange(false)
      say(`Renamed to ${name.trim()}`)
      void cache.invalidateQueries({ queryKey: ["workspaces"] })
    },
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    rename.mutate()
  }
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={`Rename workspace ${workspace.name}`}
      footer={
        <>
          <DialogClose className={buttonClasses("plain")}>Cancel</DialogClose>
          <Button type="submit" form={form} look="primary" busy={rename.isPending}>
            Rename
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} className="mt-3 space-y-3">
        <Field label="New name">
          <TextInput
            value={name}
            onChange={(e) => setName(e.target.value)}
            autoComplete="off"
            spellCheck={false}
            required
          />
        </Field>
        {rename.error && <ProblemNote error={rename.error} />}
      </form>
    </Dialog>
  )
}
