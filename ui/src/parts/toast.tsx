import { Toast as Base } from "@base-ui/react/toast"
import { X } from "lucide-react"
import { asProblem } from "@/api/problem"
import { buttonClasses } from "./button"
import { sentence } from "./states"

const toasts = Base.createToastManager()

/// Says that something was done. Never the only place where a failure is told.
export function say(title: string, description?: string) {
  toasts.add({ title, description, timeout: 6000 })
}

export function sayProblem(title: string, error: unknown) {
  const problem = asProblem(error)
  const description = [sentence(problem.message), problem.next && sentence(problem.next)]
    .filter(Boolean)
    .join(" ")
  toasts.add({ title, description, timeout: 0, priority: "high" })
}

export function Toasts() {
  return (
    <Base.Provider toastManager={toasts} limit={3}>
      <Base.Portal>
        <Base.Viewport className="fixed right-4 bottom-20 z-50 flex w-[min(22rem,calc(100vw-2rem))] flex-col gap-2 sm:bottom-4">
          <List />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  )
}

function List() {
  const { toasts: shown } = Base.useToastManager()
  return shown.map((toast) => (
    <Base.Root
      key={toast.id}
      toast={toast}
      className="floats rounded-md border border-line bg-raised p-3 pr-2 shadow-float data-limited:hidden"
    >
      <Base.Content className="flex items-start gap-2">
        <div className="min-w-0 flex-1 break-words">
          <Base.Title className="font-medium" />
          <Base.Description className="text-muted" />
        </div>
        <Base.Close aria-label="Dismiss" className={buttonClasses("quiet", "icon", "size-7")}>
          <X aria-hidden className="size-4" />
        </Base.Close>
      </Base.Content>
    </Base.Root>
  ))
}
