import {
  cloneElement,
  type InputHTMLAttributes,
  type ReactElement,
  type ReactNode,
  type SelectHTMLAttributes,
  useId,
} from "react"
import { classes } from "./classes"

interface Labelled {
  id?: string
  "aria-describedby"?: string
  "aria-invalid"?: boolean
}

interface FieldProps {
  label: ReactNode
  hint?: ReactNode
  error?: ReactNode
  children: ReactElement<Labelled>
  className?: string
}

/// A control with its label, hint and error, linked for every reader.
export function Field({ label, hint, error, children, className }: FieldProps) {
  const id = useId()
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ")
  return (
    <div className={classes("space-y-1", className)}>
      <label htmlFor={id} className="block font-medium">
        {label}
      </label>
      {cloneElement(children, {
        id,
        "aria-describedby": described || undefined,
        "aria-invalid": error ? true : undefined,
      })}
      {hint && (
        <p id={`${id}-hint`} className="text-sm text-muted">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} role="alert" className="text-sm text-failed">
          {error}
        </p>
      )}
    </div>
  )
}

const box =
  "h-9 w-full min-w-0 rounded-md border border-edge bg-surface px-3 text-text aria-invalid:border-failed disabled:opacity-60"

export function TextInput({ className, ...rest }: InputHTMLAttributes<HTMLInputElement>) {
  return <input className={classes(box, className)} {...rest} />
}

export function Choice({ className, ...rest }: SelectHTMLAttributes<HTMLSelectElement>) {
  return <select className={classes(box, "pr-8", className)} {...rest} />
}
