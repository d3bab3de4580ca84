import { type FormEvent, type ReactNode, useEffect, useId, useState } from "react"
import { useAct } from "@/parts/act"
import { Button, buttonClasses } from "./button"
import { Dialog, DialogClose } from "./dialog"
import { Field, TextInput } from "./field"
import { ProblemNote } from "./states"

interface ConfirmProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  /// What is lost and what is kept, in numbers and names.
  children: ReactNode
  /// The verb on the button.
  verb: string
  /// Set when data dies: the name to type.
  name?: string
  action: () => Promise<unknown>
  done?: () => void
}

/// Asks once more before something ends. One action at a time, however often the button is pressed.
export function Confirm({ open, onOpenChange, title, children, verb, name, action, done }: ConfirmProps) {
  const form = useId()
  const [typed, setTyped] = useState("")
  const [missed, setMissed] = useState(false)
  const run = useAct({ mutationFn: action })

  const { reset } = run

  useEffect(() => {
    if (!open) return
    setTyped("")
    setMissed(false)
    reset()
  }, [open, reset])

  function submit(event: FormEvent) {
    event.preventDefault()
    if (name !== undefined && typed !== name) return setMissed(true)
    run.mutate(undefined, {
      onSuccess: () => {
        onOpenChange(false)
        done?.()
      },
    })
  }

  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={title}
      description={<div className="space-y-2">{children}</div>}
      footer={
        <>
          <DialogClose className={buttonClasses("plain")}>Cancel</DialogClose>
          <Button type="submit" form={form} look="danger" busy={run.isPending}>
            {verb}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} noValidate className="mt-4 space-y-3">
        {name !== undefined && (
          <Field
            label={`Type ${name} to confirm`}
            error={missed && typed !== name ? `The name is ${name}.` : undefined}
          >
            <TextInput
              value={typed}
              onChange={(e) => setTyped(e.target.value)}
              autoComplete="off"
              spellCheck={false}
            />
          </Field>
        )}
        {run.error && <ProblemNote error={run.error} />}
      </form>
    </Dialog>
  )
}
