import type { UseQueryResult } from "@tanstack/react-query"
import type { ReactNode } from "react"
import { Pager } from "@/parts/pager"
import { type Column, Rows } from "@/parts/rows"
import { Failed, Loading } from "@/parts/states"

interface ListingProps<T> {
  /// What the list is of, in the plural.
  label: string
  found: UseQueryResult<{ items: T[]; next?: string }>
  columns: Column<T>[]
  id: (row: T) => string
  sort?: string
  cursor?: string
  /// The order or the page is to be another one. Absent `cursor`: the first page.
  onSearch: (search: { sort?: string; cursor?: string }) => void
  empty: ReactNode
}

/// One page of a list of the API, and what stands in its place while it loads, when it failed, and when it is empty.
export function Listing<T>({ label, found, columns, id, sort, cursor, onSearch, empty }: ListingProps<T>) {
  const data = found.data
  return (
    <>
      {found.error && !data ? (
        <Failed error={found.error} retry={() => void found.refetch()} busy={found.isFetching} />
      ) : !data ? (
        <Loading what={`Loading ${label.toLowerCase()}`} />
      ) : data.items.length === 0 ? (
        empty
      ) : (
        <Rows
          label={label}
          columns={columns}
          rows={data.items}
          id={id}
          sort={sort}
          onSort={sort ? (wanted) => onSearch({ sort: wanted, cursor: undefined }) : undefined}
          stale={found.isPlaceholderData}
        />
      )}
      <Pager cursor={cursor} next={data?.next} onCursor={(wanted) => onSearch({ cursor: wanted })} />
    </>
  )
}
