import { Check, Copy as CopyIcon } from "lucide-react"
import { useState } from "react"
import { Button } from "./button"

/// Text that is meant to be taken elsewhere, with the button that takes it.
export function Copy({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false)
  async function copy() {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 2000)
  }
  return (
    <div className="flex items-stretch gap-2">
      <input
        readOnly
        aria-label={label}
        value={text}
        onFocus={(e) => e.target.select()}
        className="h-9 min-w-0 flex-1 rounded-md border border-edge bg-ground px-3 font-mono text-sm"
      />
      <Button onClick={() => void copy()}>
        {copied ? <Check aria-hidden className="size-4" /> : <CopyIcon aria-hidden className="size-4" />}
        {copied ? "Copied" : "Copy"}
      </Button>
    </div>
  )
}
