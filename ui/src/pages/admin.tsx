import { useQuery } from "@tanstack/react-query"
import { Link, Outlet } from "@tanstack/react-router"
import { meQuery } from "@/api/queries"
import { Page } from "@/parts/page"
import { Forbidden } from "@/parts/states"

const places = [
  { to: "/admin/sessions", label: "Sessions" },
  { to: "/admin/users", label: "Users" },
  { to: "/admin/groups", label: "Groups" },
  { to: "/admin/tiers", label: "Tiers" },
  { to: "/admin/templates", label: "Templates" },
  { to: "/admin/engines", label: "Engines" },
  { to: "/admin/sweep", label: "Sweep" },
  { to: "/admin/keys", label: "Keys" },
  { to: "/admin/audit", label: "Audit" },
] as const

/// What administrators have and others do not; the server refuses the others too.
export function Admin() {
  const me = useQuery(meQuery())
  if (me.data && me.data.role !== "admin") {
    return (
      <Page title="Forbidden">
        <Forbidden />
      </Page>
    )
  }
  return (
    <>
      <nav aria-label="Administration" className="border-b border-line bg-surface px-4 sm:px-6">
        <ul className="mx-auto flex max-w-[1152px] flex-wrap gap-x-1">
          {places.map((place) => (
            <li key={place.to}>
              <Link
                to={place.to}
                activeOptions={{ includeSearch: false }}
                className="inline-flex h-11 items-center border-b-2 border-transparent px-3 text-muted outline-offset-[-2px] hover:text-text aria-[current=page]:border-accent aria-[current=page]:font-medium aria-[current=page]:text-text"
              >
                {place.label}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <Outlet />
    </>
  )
}
