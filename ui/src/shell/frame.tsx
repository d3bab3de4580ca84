import { useQuery } from "@tanstack/react-query"
import { Outlet, useNavigate, useRouter } from "@tanstack/react-router"
import { useCallback } from "react"
import { meQuery } from "@/api/queries"
import { Failed, Loading } from "@/parts/states"
import { Bell } from "./bell"
import { FeedBanner, FeedProvider } from "./feed"
import { NotesProvider } from "./notes"
import { Palette } from "./palette"
import { Person } from "./person"
import { Rail } from "./rail"

/// What surrounds every page of somebody who is signed in.
export function Frame() {
  const navigate = useNavigate()
  const router = useRouter()
  const me = useQuery(meQuery())
  const signedOut = useCallback(() => {
    void navigate({ to: "/sign-in", search: { to: router.state.location.href } })
  }, [navigate, router])

  if (!me.data) {
    return (
      <main id="content" className="mx-auto max-w-[1200px] px-6 py-10">
        <h1 className="mb-2 text-xl font-semibold">Berth</h1>
        {me.error ? (
          <Failed error={me.error} retry={() => void me.refetch()} busy={me.isFetching} />
        ) : (
          <Loading />
        )}
      </main>
    )
  }
  return (
    <NotesProvider>
      <FeedProvider me={me.data} onSignedOut={signedOut}>
        <a
          href="#content"
          className="fixed top-2 left-2 z-50 -translate-y-20 rounded-md bg-accent px-3 py-2 text-on-accent focus:translate-y-0"
        >
          Skip to the content
        </a>
        <Rail me={me.data} />
        <div className="flex min-h-dvh flex-col pb-14 sm:pb-0 sm:pl-22">
          <FeedBanner />
          <header className="sticky top-0 z-10 flex h-14 items-center justify-end gap-1.5 border-b border-line bg-ground px-4 sm:px-6">
            <div className="mr-auto">
              <Palette me={me.data} />
            </div>
            <Bell />
            <Person me={me.data} />
          </header>
          <main id="content" tabIndex={-1} className="flex min-w-0 flex-1 flex-col outline-none">
            <Outlet />
          </main>
        </div>
      </FeedProvider>
    </NotesProvider>
  )
}
