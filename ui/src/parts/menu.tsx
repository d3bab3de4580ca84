import { Menu as Base } from "@base-ui/react/menu"
import type { ComponentProps, ReactElement, ReactNode } from "react"
import { classes } from "./classes"

export const itemClasses =
  "flex min-h-8 w-full items-center gap-2.5 rounded-sm px-2.5 py-1 outline-none data-highlighted:bg-hover data-disabled:opacity-60"

export const popupClasses =
  "floats min-w-44 origin-[var(--transform-origin)] rounded-md border border-line bg-raised p-1 shadow-float outline-none"

/// A button that opens a short list of actions.
export function Menu({
  trigger,
  children,
  label,
}: {
  trigger: ReactElement
  children: ReactNode
  label?: string
}) {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={6} align="end" className="z-30">
          <Base.Popup aria-label={label} className={popupClasses}>
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}

export function MenuItem({ className, ...rest }: ComponentProps<typeof Base.Item> & { className?: string }) {
  return <Base.Item className={classes(itemClasses, className)} {...rest} />
}

export function MenuLine() {
  return <Base.Separator className="my-1 h-px bg-line" />
}

export const MenuRadioGroup = Base.RadioGroup
export const MenuRadioItem = Base.RadioItem
export const MenuGroup = Base.Group
export const MenuGroupLabel = Base.GroupLabel
