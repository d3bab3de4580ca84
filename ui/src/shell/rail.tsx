import { Link } from "@tanstack/react-router"
import { Anchor, HardDrive, House, LayoutGrid, Settings, ShieldCheck } from "lucide-react"
import type { Me } from "@/api/types"

const places = [
  { to: "/", label: "Home", icon: House },
  { to: "/catalog", label: "Catalog", icon: LayoutGrid },
  { to: "/workspaces", label: "Workspaces", icon: HardDrive },
] as const

/// The narrow rail; below 640 px a bar of four at the bottom.
export function Rail({ me }: { me: Me }) {
  const admin = me.role === "admin"
  return (
    <nav
      aria-label="Main"
      className="fixed inset-x-0 bottom-0 z-20 flex border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] sm:inset-x-auto sm:inset-y-0 sm:left-0 sm:w-22 sm:flex-col sm:border-t-0 sm:border-r sm:pb-0"
    >
      <Link
        to="/"
        aria-label="Berth, home"
        className="hidden h-14 items-center justify-center text-accent sm:flex"
      >
        <Anchor aria-hidden className="size-6" />
      </Link>
      {places.map((place) => (
        <Place key={place.to} {...place} />
      ))}
      {admin ? (
        <>
          <hr className="mx-4 my-2 hidden border-line sm:block" />
          <Place to="/admin" label="Admin" icon={ShieldCheck} />
        </>
      ) : (
        <Place to="/settings" label="Settings" icon={Settings} className="sm:hidden" />
      )}
    </nav>
  )
}

function Place({
  to,
  label,
  icon: Icon,
  className = "",
}: {
  to: string
  label: string
  icon: typeof House
  className?: string
}) {
  return (
    <Link
      to={to}
      activeOptions={{ exact: to === "/", includeSearch: false }}
      className={`group flex h-14 flex-1 flex-col items-center justify-center gap-0.5 text-xs text-muted outline-offset-[-3px] hover:text-text aria-[current=page]:font-medium aria-[current=page]:text-accent sm:h-16 sm:flex-none ${className}`}
    >
      <span className="flex h-7 w-12 items-center justify-center rounded-full group-hover:bg-hover group-aria-[current=page]:bg-tint">
        <Icon aria-hidden className="size-5" />
      </span>
      {label}
    </Link>
  )
}
