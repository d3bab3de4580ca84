import { useQuery, useQueryClient } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { type FormEvent, useState } from "react"
import { signIn } from "@/api/actions"
import { authStateQuery } from "@/api/queries"
import { useAct } from "@/parts/act"
import { Button } from "@/parts/button"
import { Field, TextInput } from "@/parts/field"
import { ProblemNote } from "@/parts/states"
import { Gate } from "@/shell/gate"
import { isOwnPath } from "@/text/own-path"

export function SignIn() {
  const { to } = useSearch({ from: "/sign-in" })
  const navigate = useNavigate()
  const cache = useQueryClient()
  const state = useQuery(authStateQuery())
  const [name, setName] = useState("")
  const [password, setPassword] = useState("")
  const enter = useAct({
    mutationFn: () => signIn(name.trim(), password),
    onSuccess: async () => {
      cache.clear()
      // By the server: the way back to a session's own host, and what a proxy serves beside us, are no pages of ours.
      if (to && isOwnPath(to, location.origin)) location.replace(to)
      else await navigate({ to: "/", replace: true })
    },
  })

  function submit(event: FormEvent) {
    event.preventDefault()
    enter.mutate()
  }

  return (
    <Gate title="Sign in">
      {state.data?.firstRun && (
        <p className="mb-4 rounded-md border border-waiting px-3 py-2">
          Nobody administers this Berth yet. Open the link that{" "}
          <code className="font-mono text-sm">berth up</code> printed when it started.
        </p>
      )}
      <form onSubmit={submit} className="space-y-4">
        <Field label="Name">
          <TextInput
            name="username"
            autoComplete="username"
            required
            value={name}
            onChange={(e) => setName(e.target.value)}
            autoCapitalize="none"
            spellCheck={false}
          />
        </Field>
        <Field label="Password">
          <TextInput
            name="password"
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(e) => setPassword(e.target.value)}
          />
        </Field>
        {enter.error && <ProblemNote error={enter.error} />}
        {state.error && !enter.error && <ProblemNote error={state.error} />}
        <Button type="submit" look="primary" className="w-full" busy={enter.isPending}>
          Sign in
        </Button>
      </form>
      <p className="mt-4 text-sm text-muted">
        No password? An administrator can make a sign-in link for you.
      </p>
    </Gate>
  )
}
