import { Anchor } from "lucide-react"
import type { ReactNode } from "react"
import { Heading } from "@/parts/page"

/// The page around a form for somebody who is not signed in.
export function Gate({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="flex min-h-dvh items-start justify-center px-4 py-[12dvh]">
      <title>{`${title} · Berth`}</title>
      <div className="panel w-full max-w-sm px-6 py-6">
        <p className="mb-4 flex items-center gap-2 font-semibold text-accent">
          <Anchor aria-hidden className="size-5" />
          Berth
        </p>
        <Heading className="mb-4">{title}</Heading>
        {children}
      </div>
    </main>
  )
}
