import { CSPProvider } from "@base-ui/react/csp-provider"
import { QueryClientProvider } from "@tanstack/react-query"
import { RouterProvider } from "@tanstack/react-router"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import "./app.css"
import { cache } from "./api/cache"
import { onSignedOut } from "./api/client"
import { applyTheme, readTheme } from "./parts/theme"
import { NowProvider } from "./parts/time"
import { Toasts } from "./parts/toast"
import { router } from "./router"

applyTheme(readTheme())

onSignedOut(() => {
  const here = router.state.location
  if (here.pathname.startsWith("/sign-in")) return
  void router.navigate({ to: "/sign-in", search: { to: here.href }, replace: true })
})

const root = document.getElementById("root")
if (root) {
  createRoot(root).render(
    <StrictMode>
      <CSPProvider disableStyleElements>
        <QueryClientProvider client={cache}>
          <NowProvider>
            <RouterProvider router={router} />
            <Toasts />
          </NowProvider>
        </QueryClientProvider>
      </CSPProvider>
    </StrictMode>,
  )
}
