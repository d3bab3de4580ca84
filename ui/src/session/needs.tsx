import { useState } from "react"
import { SecretDialog } from "@/me/secrets"
import { Button } from "@/parts/button"
import { sayNeed } from "@/text/needs"

interface NeedsProps {
  asks: string[]
  missing: string[]
  agreed: boolean
  setAgreed: (agreed: boolean) => void
  /// Somebody tried to launch: what is open is said in red.
  tried: boolean
  template: string
}

/// What of one's own a template asks for: what has to be set first, and whether it may have the rest.
export function Needs({ asks, missing, agreed, setAgreed, tried, template }: NeedsProps) {
  const [setting, setSetting] = useState<string>()
  return (
    <>
      {missing.map((name) => (
        <div key={name} className="rounded-md border border-waiting px-3 py-2">
          <p>
            {`${template} needs your secret `}
            <code className="font-mono">{name}</code>, which you have not set.
          </p>
          <Button size="small" className="mt-2" onClick={() => setSetting(name)}>
            {`Set ${name}`}
          </Button>
        </div>
      ))}
      {setting && <SecretDialog name={setting} onClose={() => setSetting(undefined)} />}
      {asks.length > 0 && (
        <div className="space-y-1">
          <label className="flex items-start gap-2.5">
            <input
              type="checkbox"
              checked={agreed}
              onChange={(event) => setAgreed(event.target.checked)}
              aria-invalid={tried && !agreed ? true : undefined}
              className="mt-1 size-4 accent-accent"
            />
            <span>{`Let ${template} have ${list(asks.map(sayNeed))}.`}</span>
          </label>
          <p className="text-sm text-muted">
            Its sessions can read that. You are asked once, and can take it back in the settings.
          </p>
          {tried && !agreed && (
            <p role="alert" className="text-sm text-failed">
              It asks for this: agree, or launch another template.
            </p>
          )}
        </div>
      )}
    </>
  )
}

/// `a`, `a and b`, `a, b and c`.
function list(words: string[]): string {
  return [words.slice(0, -1).join(", "), words.at(-1)].filter(Boolean).join(" and ")
}
