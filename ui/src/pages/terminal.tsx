import { useNavigate, useParams, useRouter, useSearch } from "@tanstack/react-router"
import { useCallback } from "react"
import { Awake } from "@/session/awake"
import { TerminalView } from "@/terminal/view"

export function TerminalPage() {
  const { id } = useParams({ from: "/frame/sessions/$id/terminal" })
  const { component } = useSearch({ from: "/frame/sessions/$id/terminal" })
  const navigate = useNavigate()
  const router = useRouter()
  const signedOut = useCallback(
    () => void navigate({ to: "/sign-in", search: { to: router.state.location.href } }),
    [navigate, router],
  )
  return (
    <Awake id={id} title="Terminal">
      {(session) => (
        <TerminalView key={session.id} session={session} component={component} onSignedOut={signedOut} />
      )}
    </Awake>
  )
}
