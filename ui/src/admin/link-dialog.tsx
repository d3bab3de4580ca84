import { buttonClasses } from "@/parts/button"
import { Copy } from "@/parts/copy"
import { Dialog, DialogClose } from "@/parts/dialog"

/// A sign-in link, once: Berth sends no mail, the administrator passes it on.
export function LinkDialog({ name, link, onClose }: { name: string; link: string; onClose: () => void }) {
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Sign-in link for ${name}`}
      description="Pass it on to them. It works once, for a day, and is not shown again."
      footer={<DialogClose className={buttonClasses("primary")}>Done</DialogClose>}
    >
      <div className="mt-3">
        <Copy text={link} label="Sign-in link" />
      </div>
    </Dialog>
  )
}
