import { useParams, useSearch } from "@tanstack/react-router"
import { DesktopView } from "@/desktop/view"
import { Awake } from "@/session/awake"

export function DesktopPage() {
  const { id } = useParams({ from: "/frame/sessions/$id/desktop" })
  const { access } = useSearch({ from: "/frame/sessions/$id/desktop" })
  return (
    <Awake id={id} title="Desktop">
      {(session) => <DesktopView key={session.id} session={session} access={access} />}
    </Awake>
  )
}
