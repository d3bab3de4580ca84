import { Link, type LinkProps } from "@tanstack/react-router"
import { LoaderCircle } from "lucide-react"
import type { ButtonHTMLAttributes, ReactNode } from "react"
import { classes } from "./classes"

type Look = "primary" | "plain" | "quiet" | "danger"
type Size = "normal" | "small" | "icon"

const looks: Record<Look, string> = {
  primary: "bg-accent text-on-accent hover:bg-accent-strong font-medium",
  plain: "border border-edge bg-surface hover:bg-hover",
  quiet: "text-muted hover:bg-hover hover:text-text",
  danger: "bg-danger text-on-danger hover:brightness-110 font-medium",
}

const sizes: Record<Size, string> = {
  normal: "h-9 px-3.5 gap-2",
  small: "h-8 px-2.5 gap-1.5",
  icon: "size-9 justify-center",
}

export function buttonClasses(look: Look = "plain", size: Size = "normal", extra?: string): string {
  return classes(
    "inline-flex shrink-0 select-none items-center justify-center whitespace-nowrap rounded-md transition-colors duration-100",
    "disabled:opacity-60 aria-disabled:opacity-60",
    looks[look],
    sizes[size],
    extra,
  )
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look
  size?: Size
  /// The action is under way: the button keeps its words and its focus and takes no second click.
  busy?: boolean
}

export function Button({
  look,
  size,
  busy,
  className,
  children,
  onClick,
  type = "button",
  ...rest
}: ButtonProps) {
  return (
    <button
      type={type}
      className={buttonClasses(look, size, className)}
      aria-disabled={busy || undefined}
      onClick={(event) => (busy ? event.preventDefault() : onClick?.(event))}
      {...rest}
    >
      {busy && <LoaderCircle aria-hidden className="size-4 animate-spin" />}
      {children}
    </button>
  )
}

interface ButtonLinkProps extends LinkProps {
  look?: Look
  size?: Size
  className?: string
  children: ReactNode
  "aria-label"?: string
}

export function ButtonLink({ look, size, className, ...rest }: ButtonLinkProps) {
  return <Link className={buttonClasses(look, size, className)} {...rest} />
}
