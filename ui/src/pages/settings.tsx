import { useQuery } from "@tanstack/react-query"
import { meQuery } from "@/api/queries"
import { Files } from "@/me/files"
import { Logins } from "@/me/logins"
import { Password } from "@/me/password"
import { Profile } from "@/me/profile"
import { Consents, Secrets } from "@/me/secrets"
import { ThemeSection } from "@/me/theme"
import { Tokens } from "@/me/tokens"
import { Page } from "@/parts/page"
import { Loading } from "@/parts/states"

export function Settings() {
  const me = useQuery(meQuery())
  return (
    <Page title="Settings" lead={me.data && `Signed in as ${me.data.name}`} className="max-w-[52rem]">
      {!me.data ? (
        <Loading />
      ) : (
        <div className="space-y-5">
          <Profile me={me.data} />
          <Password />
          <ThemeSection />
          <Secrets />
          <Files />
          <Consents />
          <Tokens me={me.data} />
          <Logins />
          <p className="text-sm text-muted">
            <a href="/licenses.txt" className="link">
              Licenses
            </a>{" "}
            of what this page is made of.
          </p>
        </div>
      )}
    </Page>
  )
}
