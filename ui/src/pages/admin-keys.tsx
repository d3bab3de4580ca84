import { useQuery, useQueryClient } from "@tanstack/react-query"
import { CircleAlert } from "lucide-react"
import { useState } from "react"
import { rotateKeys } from "@/api/actions"
import { keysQuery } from "@/api/queries"
import type { Key } from "@/api/types"
import { Button } from "@/parts/button"
import { Confirm } from "@/parts/confirm"
import { Page } from "@/parts/page"
import { Progress } from "@/parts/progress"
import { type Column, Rows } from "@/parts/rows"
import { Failed, Loading } from "@/parts/states"
import { Ago } from "@/parts/time"
import { plural } from "@/text/amounts"

const columns: Column<Key>[] = [
  { name: "Key", cell: (k) => <code className="font-mono text-sm break-all">{k.id}</code> },
  { name: "State", cell: (k) => (k.retiredAt ? "retired" : "in use") },
  { name: "Made", cell: (k) => <Ago at={k.createdAt} /> },
  { name: "Sealed under it", cell: (k) => plural(k.sealed, "thing") },
]

/// What is still under retired keys, and what is not any more, of all that is sealed.
export function shareOf(keys: Key[]): { left: number; share: number } {
  const all = keys.reduce((sum, k) => sum + k.sealed, 0)
  const left = keys.filter((k) => k.retiredAt).reduce((sum, k) => sum + k.sealed, 0)
  return { left, share: all === 0 ? 1 : 1 - left / all }
}

/// The keys that users' secrets and files are sealed under.
export function AdminKeys() {
  const keys = useQuery(keysQuery())
  const cache = useQueryClient()
  const [asking, setAsking] = useState(false)
  const { left, share } = shareOf(keys.data?.items ?? [])
  return (
    <Page
      title="Keys"
      name="Keys · Admin"
      lead="What users' secrets and files are sealed under. The keys themselves are sealed under the master key, which is not in the database."
      beside={
        <Button look="primary" disabled={!keys.data || !!keys.data.locked} onClick={() => setAsking(true)}>
          Rotate
        </Button>
      }
    >
      {keys.error && !keys.data ? (
        <Failed error={keys.error} retry={() => void keys.refetch()} busy={keys.isFetching} />
      ) : !keys.data ? (
        <Loading what="Loading keys" />
      ) : (
        <div className="space-y-4">
          {keys.data.locked && (
            <div role="alert" className="flex gap-2.5 rounded-md border border-failed px-3 py-2">
              <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-failed" />
              <p className="min-w-0 break-words">{keys.data.locked}</p>
            </div>
          )}
          <Rows label="Keys" columns={columns} rows={keys.data.items} id={(k) => k.id} />
          <div role="status" className="space-y-1">
            {keys.data.rotating && (
              <>
                <p className="text-muted">
                  {left > 0
                    ? `Sealing anew: ${plural(left, "thing")} left.`
                    : "Everything is sealed anew. The old key goes in a minute."}
                </p>
                <Progress label="Rotation" share={share} />
              </>
            )}
          </div>
        </div>
      )}
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title="Rotate keys"
        verb="Rotate"
        action={rotateKeys}
        done={() => void cache.invalidateQueries({ queryKey: ["keys"] })}
      >
        <p>
          Makes a new key, and seals everything anew under it in the background. Nobody is disturbed; the old
          key is deleted when nothing is under it any more.
        </p>
      </Confirm>
    </Page>
  )
}
