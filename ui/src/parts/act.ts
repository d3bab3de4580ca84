import {
  type MutateOptions,
  type UseMutationOptions,
  type UseMutationResult,
  useMutation,
} from "@tanstack/react-query"
import { useCallback, useRef } from "react"

/// After an action has ended: the rest of a double press.
const rest = 400

/// An action that a person starts: a second press while it is under way, or just after, starts nothing.
/// `useMutation` alone tells of its start a moment too late for that.
export function useAct<T, V = void>(
  options: UseMutationOptions<T, Error, V>,
): UseMutationResult<T, Error, V> {
  const mutation = useMutation(options)
  const busy = useRef(false)
  const { mutate } = mutation
  const once = useCallback(
    (variables: V, callbacks?: MutateOptions<T, Error, V>) => {
      if (busy.current) return
      busy.current = true
      mutate(variables, {
        ...callbacks,
        onSettled: (...ended) => {
          setTimeout(() => {
            busy.current = false
          }, rest)
          callbacks?.onSettled?.(...ended)
        },
      })
    },
    [mutate],
  )
  return { ...mutation, mutate: once } as UseMutationResult<T, Error, V>
}
