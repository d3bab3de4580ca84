import { useQuery, useQueryClient } from "@tanstack/react-query"
import { useNavigate, useParams } from "@tanstack/react-router"
import { type FormEvent, useState } from "react"
import { redeemTicket } from "@/api/actions"
import { ticketQuery } from "@/api/queries"
import { useAct } from "@/parts/act"
import { Button, ButtonLink } from "@/parts/button"
import { Field, TextInput } from "@/parts/field"
import { Failed, Loading, ProblemNote } from "@/parts/states"
import { Gate } from "@/shell/gate"

/// A sign-in link. Looking at it uses nothing up; the button does.
export function Ticket() {
  const { ticket } = useParams({ from: "/sign-in/$ticket" })
  const state = useQuery(ticketQuery(ticket))
  if (state.error) {
    return (
      <Gate title="Sign-in link">
        <Failed error={state.error} retry={() => void state.refetch()} busy={state.isFetching} />
      </Gate>
    )
  }
  if (!state.data) {
    return (
      <Gate title="Sign-in link">
        <Loading what="Looking at the link" />
      </Gate>
    )
  }
  if (!state.data.valid) return <Spent first={state.data.kind === "first_admin"} />
  return <Redeem ticket={ticket} first={state.data.kind === "first_admin"} name={state.data.name} />
}

function Spent({ first }: { first: boolean }) {
  return (
    <Gate title="This link does not work">
      <p>It was used already, has expired, or is not complete.</p>
      <p className="mt-2 mb-4 text-muted">
        {first
          ? "Sign in if you are the administrator. Otherwise start Berth again on its machine: berth up prints a new link."
          : "Ask an administrator for a new one, or sign in with your password."}
      </p>
      <ButtonLink to="/sign-in" look="primary">
        Go to sign-in
      </ButtonLink>
    </Gate>
  )
}

function Redeem({ ticket, first, name }: { ticket: string; first: boolean; name?: string }) {
  const navigate = useNavigate()
  const cache = useQueryClient()
  const [chosen, setChosen] = useState("admin")
  const [password, setPassword] = useState("")
  const short = password.length > 0 && password.length < 8
  const enter = useAct({
    mutationFn: () =>
      redeemTicket({
        ticket,
        name: first ? chosen.trim() || undefined : undefined,
        password: password || undefined,
      }),
    onSuccess: async () => {
      cache.clear()
      await navigate({ to: "/", replace: true })
    },
  })

  function submit(event: FormEvent) {
    event.preventDefault()
    if (!short) enter.mutate()
  }

  return (
    <Gate title={first ? "Become the administrator" : "Sign in by link"}>
      <p className="mb-4 text-muted">
        {first
          ? "This link makes the first administrator of this Berth. It works once."
          : `This link signs in ${name ?? "its owner"}. It works once.`}
      </p>
      <form onSubmit={submit} className="space-y-4">
        {first && (
          <Field label="Name" hint="How you sign in from now on.">
            <TextInput
              autoComplete="username"
              value={chosen}
              onChange={(e) => setChosen(e.target.value)}
              autoCapitalize="none"
              spellCheck={false}
            />
          </Field>
        )}
        <Field
          label="Password (optional)"
          hint={
            first
              ? "At least 8 characters. Without one, only links and tokens sign you in."
              : "At least 8 characters. Leave empty to keep the one you have."
          }
          error={short ? "At least 8 characters." : undefined}
        >
          <TextInput
            type="password"
            autoComplete="new-password"
            value={password}
            onChange={(e) => setPassword(e.target.value)}
          />
        </Field>
        {enter.error && <ProblemNote error={enter.error} />}
        <Button type="submit" look="primary" className="w-full" busy={enter.isPending}>
          {first ? "Make me the administrator" : "Sign in"}
        </Button>
      </form>
    </Gate>
  )
}
