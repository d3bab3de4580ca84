import { Dialog as Base } from "@base-ui/react/dialog"
import { X } from "lucide-react"
import type { ReactNode, RefObject } from "react"
import { buttonClasses } from "./button"
import { classes } from "./classes"

interface DialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  description?: ReactNode
  children?: ReactNode
  footer?: ReactNode
  initialFocus?: RefObject<HTMLElement | null>
  finalFocus?: RefObject<HTMLElement | null>
  className?: string
}

/// A modal window: focus goes in, stays in, and returns to what opened it.
export function Dialog(props: DialogProps) {
  return (
    <Base.Root open={props.open} onOpenChange={props.onOpenChange}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-[rgb(2_6_23/0.45)]" />
        <Base.Popup
          initialFocus={props.initialFocus}
          finalFocus={props.finalFocus}
          className={classes(
            "floats fixed top-[12dvh] left-1/2 z-50 flex max-h-[80dvh] w-[min(32rem,calc(100vw-2rem))] -translate-x-1/2",
            "flex-col rounded-md border border-line bg-raised shadow-float outline-none",
            props.className,
          )}
        >
          <div className="flex items-start gap-3 px-5 pt-4">
            <Base.Title className="min-w-0 flex-1 break-words pt-1 text-lg font-semibold">
              {props.title}
            </Base.Title>
            <Base.Close aria-label="Close" className={buttonClasses("quiet", "icon", "-mr-2 size-8")}>
              <X aria-hidden className="size-4" />
            </Base.Close>
          </div>
          <div className="min-h-0 overflow-y-auto px-5 pt-1 pb-5">
            {props.description && (
              <Base.Description render={<div />} className="text-muted">
                {props.description}
              </Base.Description>
            )}
            {props.children}
          </div>
          {props.footer && (
            <div className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3">
              {props.footer}
            </div>
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}

export const DialogClose = Base.Close
