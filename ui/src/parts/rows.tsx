import type { ReactNode } from "react"
import { classes } from "./classes"

export interface Column<T> {
  name: string
  /// Sort key of the server; a heading without one does not sort.
  sort?: string
  cell: (row: T) => ReactNode
  className?: string
}

interface RowsProps<T> {
  label: string
  columns: Column<T>[]
  rows: T[]
  id: (row: T) => string
  sort?: string
  onSort?: (sort: string) => void
  /// Old rows are shown while newer ones are on their way.
  stale?: boolean
}

/// A table that becomes cards on a narrow screen: the same elements, so the same words for every reader.
export function Rows<T>({ label, columns, rows, id, sort, onSort, stale }: RowsProps<T>) {
  return (
    <div
      className={classes("panel relative overflow-x-auto", stale && "opacity-70")}
      aria-busy={stale || undefined}
    >
      {/* Roles are repeated because display: block takes them from the elements on a narrow screen. */}
      <table role="table" aria-label={label} className="block w-full text-left sm:table">
        <thead role="rowgroup" className="sr-only sm:not-sr-only sm:table-header-group">
          <tr role="row" className="border-line text-sm text-muted sm:border-b">
            {columns.map((column) => (
              <HeadCell key={column.name} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup" className="block sm:table-row-group">
          {rows.map((row) => (
            <tr
              key={id(row)}
              role="row"
              className="block border-line px-4 py-3 not-last:border-b sm:table-row sm:hover:bg-hover"
            >
              {columns.map((column) => (
                <td
                  key={column.name}
                  role="cell"
                  className={classes(
                    "flex min-w-0 items-baseline gap-3 py-0.5 break-words sm:table-cell sm:px-4 sm:py-2.5 sm:align-middle",
                    column.className,
                  )}
                >
                  {column.name !== "Actions" && (
                    <span aria-hidden className="w-24 shrink-0 text-sm text-muted sm:hidden">
                      {column.name}
                    </span>
                  )}
                  <div className="min-w-0">{column.cell(row)}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function HeadCell<T>({
  column,
  sort,
  onSort,
}: {
  column: Column<T>
  sort?: string
  onSort?: (s: string) => void
}) {
  const key = column.sort
  const direction = key && sort === key ? "ascending" : key && sort === `-${key}` ? "descending" : undefined
  return (
    <th
      scope="col"
      role="columnheader"
      aria-sort={direction}
      className={classes("px-4 py-2 font-medium whitespace-nowrap", column.className)}
    >
      {key && onSort ? (
        <button
          type="button"
          className="inline-flex min-h-6 items-center gap-1 hover:text-text"
          onClick={() => onSort(direction === "ascending" ? `-${key}` : key)}
        >
          {column.name}
          <span aria-hidden className="w-2">
            {direction === "ascending" ? "↑" : direction === "descending" ? "↓" : ""}
          </span>
        </button>
      ) : column.name === "Actions" ? (
        <span className="sr-only">Actions</span>
      ) : (
        column.name
      )}
    </th>
  )
}
