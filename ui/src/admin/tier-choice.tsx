import { useQuery } from "@tanstack/react-query"
import type { ComponentProps } from "react"
import { tiersQuery } from "@/api/queries"
import { Choice } from "@/parts/field"

/// One of the tiers, or none.
export function TierChoice({ none, ...rest }: { none: string } & ComponentProps<typeof Choice>) {
  const tiers = useQuery(tiersQuery({ limit: 200 }))
  return (
    <Choice {...rest}>
      <option value="">{none}</option>
      {tiers.data?.items.map(({ name }) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </Choice>
  )
}
