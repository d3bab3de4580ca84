import { type ReactNode, useId } from "react"
import { Button, buttonClasses } from "./button"
import { Dialog, DialogClose } from "./dialog"
import { ProblemNote } from "./states"

interface FormDialogProps {
  title: string
  description?: ReactNode
  /// What the button says.
  verb: string
  /// What it does: a mutation.
  act: { mutate: () => void; isPending: boolean; error: Error | null }
  onClose: () => void
  children: ReactNode
}

/// A window with fields, which says what is wrong with them and stays until they were taken.
export function FormDialog({ title, description, verb, act, onClose, children }: FormDialogProps) {
  const form = useId()
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={title}
      description={description}
      footer={
        <>
          <DialogClose className={buttonClasses("plain")}>Cancel</DialogClose>
          <Button type="submit" form={form} look="primary" busy={act.isPending}>
            {verb}
          </Button>
        </>
      }
    >
      <form
        id={form}
        onSubmit={(event) => {
          event.preventDefault()
          act.mutate()
        }}
        className="mt-3 space-y-4"
      >
        {children}
        {act.error && <ProblemNote error={act.error} />}
      </form>
    </Dialog>
  )
}
