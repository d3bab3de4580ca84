import { useQuery } from "@tanstack/react-query"
import { useParams } from "@tanstack/react-router"
import { meQuery, templateQuery } from "@/api/queries"
import type { Template, TemplateSpec } from "@/api/types"
import { ButtonLink } from "@/parts/button"
import { Facts } from "@/parts/facts"
import { Page } from "@/parts/page"
import { Progress } from "@/parts/progress"
import { Failed, Loading, sentence } from "@/parts/states"
import { Tile } from "@/parts/tile"
import { Ago } from "@/parts/time"
import { parseBytes, parseCpu, sayBytes, sayCpu } from "@/text/amounts"
import { sayImage, sayMounts, scopeWords, takes } from "@/text/template"
import { parseDuration, sayDuration } from "@/text/time"

/// What a template is made of, what it keeps and what it takes, before anybody launches it.
export function TemplatePage() {
  const { name } = useParams({ from: "/frame/catalog/$name" })
  const found = useQuery(templateQuery(name))
  const me = useQuery(meQuery())
  const template = found.data
  return (
    <Page
      title={template?.displayName || name}
      name={`${template?.displayName || name} · Catalog`}
      crumbs={[{ label: "Catalog", to: "/catalog" }]}
      mark={template && <Tile name={template.displayName || name} icon={template.icon} />}
      lead={template?.description}
      beside={
        template && (
          <>
            {me.data?.role === "admin" && (
              <ButtonLink to="/admin/templates/$name" params={{ name }}>
                Edit
              </ButtonLink>
            )}
            <ButtonLink to="/launch" search={{ template: name }} look="primary">
              Launch
            </ButtonLink>
          </>
        )
      }
    >
      {found.error && !template ? (
        <Failed error={found.error} retry={() => void found.refetch()} busy={found.isFetching} />
      ) : !template ? (
        <Loading what="Loading the template" />
      ) : (
        <Body template={template} />
      )}
    </Page>
  )
}

function Body({ template }: { template: Template }) {
  const { spec } = template
  const { cpu, memory } = takes(spec)
  const waits = sayImage(template.image)
  return (
    <div className="grid items-start gap-6 lg:grid-cols-[2fr_1fr]">
      <div className="min-w-0 space-y-6">
        {waits && (
          <section aria-label="Image" className="panel space-y-2 px-4 py-3">
            <p className="break-words">{sentence(waits)}</p>
            {template.image.state === "pulling" && <Progress label="Image" share={template.image.progress} />}
            <p className="text-muted">A session launched now waits for it and starts by itself.</p>
          </section>
        )}
        <Kept spec={spec} />
        <section aria-label="Components" className="space-y-3">
          <h2 className="font-semibold">{spec.components.length === 1 ? "Component" : "Components"}</h2>
          {spec.components.map((c) => (
            <div key={c.name} className="panel px-4 py-3">
              <h3 className="mb-2 font-medium">{c.name}</h3>
              <Facts
                facts={[
                  [
                    "Image",
                    <code key="image" className="font-mono text-sm break-all">
                      {c.image}
                    </code>,
                  ],
                  [
                    "Takes",
                    `${sayCpu(parseCpu(c.resources.cpu))} · ${sayBytes(parseBytes(c.resources.memory))}`,
                  ],
                  ["Ports", c.ports.map((p) => `${p.name} ${p.port} (${p.scheme})`).join(", ") || "none"],
                  [
                    "Profile",
                    c.profile === "compat"
                      ? "compat: starts as root of its own user namespace"
                      : "strict: no root, no capabilities",
                  ],
                ]}
              />
            </div>
          ))}
        </section>
      </div>
      <section aria-label="Limits" className="panel px-4 py-4">
        <h2 className="mb-3 font-semibold">Limits</h2>
        <Facts
          facts={[
            ["A session takes", `${sayCpu(cpu)} · ${sayBytes(memory)}`],
            ["Opens as", spec.access.map((a) => a.kind).join(", ") || "nothing to open"],
            [
              "Network",
              spec.network.egress === "none" ? "no way out" : "internet; private addresses are closed",
            ],
            ["Must start within", lasts(spec.lifecycle.startWithin)],
            ["Time to stop", lasts(spec.lifecycle.stopTimeout)],
            ["Freezes when idle for", ends(spec.lifecycle.freezeAfter)],
            ["Hibernates when idle for", ends(spec.lifecycle.hibernateAfter)],
            ["Hibernates in any case after", ends(spec.lifecycle.maxLifetime)],
          ]}
        />
        <h2 className="mt-5 mb-3 font-semibold">Template</h2>
        <Facts
          facts={[
            [
              "Name",
              <code key="name" className="font-mono text-sm">
                {template.name}
              </code>,
            ],
            ["Revision", `${template.revision}`],
            ["Updated", <Ago key="at" at={template.updatedAt} />],
            ["Tags", template.tags.join(", ") || "none"],
          ]}
        />
      </section>
    </div>
  )
}

function lasts(text: string): string {
  const seconds = parseDuration(text)
  return seconds === undefined ? text : sayDuration(seconds)
}

function ends(text: string | undefined): string {
  return text ? lasts(text) : "no limit of the template"
}

function Kept({ spec }: { spec: TemplateSpec }) {
  return (
    <section aria-label="What is kept">
      <h2 className="mb-2 font-semibold">What is kept</h2>
      <div className="panel px-4 py-3">
        {spec.volumes.length === 0 ? (
          <p>Nothing: all files go when the session stops.</p>
        ) : (
          <>
            <ul className="space-y-2">
              {spec.volumes.map((v) => (
                <li key={v.name}>
                  <p>
                    <code className="font-mono text-sm">{sayMounts(spec, v.name) || v.name}</code>
                    <span className="text-muted">{` · up to ${sayBytes(parseBytes(v.size))}`}</span>
                  </p>
                  <p className="text-sm text-muted">{scopeWords[v.scope]}</p>
                </li>
              ))}
            </ul>
            <p className="mt-3 text-sm text-muted">Files elsewhere go when the session stops or restarts.</p>
          </>
        )}
      </div>
    </section>
  )
}
