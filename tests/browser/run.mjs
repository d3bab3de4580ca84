// The web page as a person uses it: real Chromium, real server, real sessions on the engine that BERTH_TEST_ENGINE names.
// Run by ./dev test browser, and by ./dev test cluster.
import { execFileSync, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, mkdirSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { chromium } from "playwright-core"

const here = dirname(fileURLToPath(import.meta.url))
const program = join(here, "../../build/release/berth")
const axe = readFileSync(join(here, "node_modules/axe-core/axe.min.js"), "utf8")
const pictures = process.env.BERTH_TEST_PICTURES
const data = mkdtempSync(join(tmpdir(), "berth-browser-"))
// Where the sessions run, and how to leave nothing there: what the end-to-end suite knows of each engine.
const world = (call) =>
  execFileSync("python3", ["-c", `import json, sys; sys.path.insert(0, sys.argv[1]); from types import SimpleNamespace; from worlds import world; w = world(); server = SimpleNamespace(data=sys.argv[2], options={}); ${call}`, join(here, "../e2e"), data], {
    env: { ...process.env, BERTH_TEST_NAMESPACE: `berth-browser-${process.pid}` },
    encoding: "utf8",
  })
const engine = JSON.parse(world("print(json.dumps({'engine': w.name} | w.options()))"))
const results = { passed: 0, failed: 0 }
const problems = []

const freePort = () =>
  new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address()
      probe.close(() => done(port))
    })
  })

async function until(what, condition, limit = 60_000) {
  const end = Date.now() + limit
  for (;;) {
    const value = await condition().catch(() => undefined)
    if (value) return value
    if (Date.now() > end) throw new Error(`not within ${limit / 1000} s: ${what}`)
    await new Promise((wake) => setTimeout(wake, 200))
  }
}

function start(port) {
  const options = Object.entries(engine).map(([name, value]) => `--${name.replaceAll("_", "-")}=${value}`)
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("BERTH_")))
  const server = spawn(program, ["up", "--data", data, "--port", String(port), "--no-open", ...options], { env })
  let said = ""
  const ready = new Promise((done, fail) => {
    server.stdout.on("data", (bytes) => {
      said += bytes
      if (said.includes("Ctrl-C")) done(said.match(/http:\S+\/sign-in\/\S+/)?.[0])
    })
    server.stderr.on("data", (bytes) => (said += bytes))
    server.on("exit", () => fail(new Error(`the server ended:\n${said}`)))
  })
  return { server, ready, log: () => said }
}

async function test(name, body) {
  const begun = Date.now()
  try {
    await body()
    results.passed++
    console.log(`ok    ${name} (${Date.now() - begun} ms)`)
  } catch (error) {
    results.failed++
    console.log(`FAIL  ${name}\n      ${String(error?.stack ?? error).split("\n").slice(0, 6).join("\n      ")}`)
  }
}

const equal = (seen, wanted, what) => {
  if (seen !== wanted) throw new Error(`${what}: ${JSON.stringify(seen)}, not ${JSON.stringify(wanted)}`)
}

const port = await freePort()
const url = `http://localhost:${port}`
let { server, ready } = start(port)
const stopped = async () => {
  server.kill("SIGINT")
  await new Promise((ended) => (server.exitCode === null ? server.once("exit", ended) : ended()))
}
let browser
try {
  const link = await ready
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
  })
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  const page = await context.newPage()
  page.on("console", (message) => message.type() === "error" && !/Failed to load resource/.test(message.text()) && problems.push(`${page.url()}: ${message.text()}`))
  page.on("pageerror", (error) => problems.push(`${page.url()}: ${error}`))

  const api = (method, path, body) =>
    page.evaluate(
      async ([method, path, body]) => {
        const answer = await fetch(path, { method, headers: body ? { "Content-Type": "application/json" } : {}, body: body && JSON.stringify(body) })
        const text = await answer.text()
        return { status: answer.status, body: text.startsWith("{") ? JSON.parse(text) : text }
      },
      [method, path, body],
    )
  const picture = async (name) => {
    if (!pictures) return
    mkdirSync(pictures, { recursive: true })
    await page.screenshot({ path: join(pictures, `${name}.png`) })
  }
  const accessible = async (where, on = page) => {
    await on.evaluate(axe)
    const found = await on.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }))
    const list = found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`)
    if (list.length) throw new Error(`axe on ${where}: ${list.join(" · ")}`)
  }
  const launch = async (template, name) => {
    await page.goto(`${url}/launch?template=${template}`)
    await page.getByLabel(/^Name/).first().fill(name)
    await page.getByRole("button", { name: "Launch" }).click()
    await page.waitForURL(/\/sessions\/ses_/)
    const id = page.url().match(/ses_\w+/)[0]
    await until(`${name} runs`, async () => (await api("GET", `/api/v1/sessions/${id}`)).body.status.phase === "running", 180_000)
    return (await api("GET", `/api/v1/sessions/${id}`)).body
  }
  const open = async (session) => {
    const tab = await context.newPage()
    await tab.goto(session.url)
    return tab
  }
  const insideOf = async (parts, width, count) => {
    // `all` takes what is there and waits for nothing.
    await parts.first().waitFor()
    const boxes = await Promise.all((await parts.all()).map((part) => part.boundingBox()))
    equal(boxes.length, count, "how many")
    const outside = boxes.filter((box) => box.x < 0 || box.x + box.width > width)
    equal(outside.length, 0, `outside of ${width} px`)
  }
  const imageReady = (template) =>
    until(`the image of ${template}`, async () => (await api("GET", `/api/v1/templates/${template}`)).body.image.state === "present", 900_000)

  await test("the first administrator's link asks before it is used up", async () => {
    await page.goto(link)
    await page.getByRole("heading", { level: 1 }).waitFor()
    await accessible("the first link")
    await picture("ticket")
    await page.getByLabel(/Password/).first().fill("correct horse battery")
    await page.getByRole("button").last().click()
    await page.waitForURL((now) => !now.pathname.startsWith("/sign-in"))
    equal((await api("GET", "/api/v1/users/me")).body.role, "admin", "role")
  })

  await test("every page has one heading, a title of its own and nothing that axe finds, light and dark", async () => {
    const titles = new Set()
    const pages = ["/", "/catalog", "/catalog/terminal", "/launch?template=terminal", "/workspaces", "/settings", "/admin/users", "/admin/sessions", "/admin/templates", "/admin/audit", "/admin/engines", "/admin/sweep", "/nothing-here"]
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme })
      for (const path of pages) {
        await page.goto(url + path)
        await page.getByRole("heading", { level: 1 }).first().waitFor()
        await page.waitForLoadState("networkidle").catch(() => {})
        equal(await page.locator("h1").count(), 1, `headings of ${path}`)
        titles.add(await page.title())
        await accessible(`${path}, ${scheme}`)
        await picture(`${path.replace(/\W+/g, "-")}-${scheme}`)
      }
    }
    equal(titles.size, pages.length, "different titles")
    await page.emulateMedia({ colorScheme: "light" })
  })

  await test("nothing scrolls sideways at 320 px", async () => {
    await page.setViewportSize({ width: 320, height: 640 })
    for (const path of ["/", "/catalog", "/launch?template=terminal", "/workspaces", "/settings", "/admin/users"]) {
      await page.goto(url + path)
      await page.getByRole("heading", { level: 1 }).first().waitFor()
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      if (wide > 0) throw new Error(`${path} is ${wide} px too wide`)
      await picture(`${path.replace(/\W+/g, "-")}-narrow`)
    }
    await page.setViewportSize({ width: 1280, height: 800 })
  })

  await test("every tab of administration is within 360 px", async () => {
    await page.setViewportSize({ width: 360, height: 640 })
    await page.goto(`${url}/admin/audit`)
    await insideOf(page.getByRole("navigation", { name: "Administration" }).getByRole("link"), 360, 9)
    await picture("admin-tabs-narrow")
    await page.setViewportSize({ width: 1280, height: 800 })
  })

  await test("the launch form puts the focus into the name, also after a click", async () => {
    await page.goto(`${url}/catalog`)
    await page.getByRole("link", { name: /^Launch Terminal/ }).click()
    await page.waitForURL(/launch/)
    const name = page.getByLabel("Name", { exact: true })
    await name.waitFor()
    // The heading takes the focus once the page has settled, where no field has it.
    await page.waitForLoadState("networkidle")
    equal(await name.evaluate((field) => field === document.activeElement), true, "the focus")
  })

  await test("while the server is away a page says so, and comes by itself when it is back", async () => {
    // One browser has the code of the page from an earlier visit, the other has not.
    const elsewhere = await browser.newContext({ storageState: await context.storageState() })
    const tabs = [page, await elsewhere.newPage()]
    for (const tab of tabs) {
      await tab.goto(url)
      await tab.getByRole("heading", { name: "Home" }).waitFor()
      await tab.evaluate(() => (window.kept = true))
    }
    await stopped()
    for (const tab of tabs) {
      await tab.getByRole("link", { name: "Workspaces" }).click()
      await tab.getByText("Berth does not answer").waitFor()
      equal(await tab.locator("h1").count(), 1, "headings")
      await accessible("a page without a server", tab)
    }
    if (pictures) await tabs[1].screenshot({ path: join(pictures, "away.png") })
    ;({ server, ready } = start(port))
    await ready
    for (const tab of tabs) {
      await tab.getByText("No workspaces yet").waitFor()
      equal(await tab.evaluate(() => window.kept), true, "the document of before")
    }
    await elsewhere.close()
  })

  await test("a terminal: launch, type, reload and find the same shell", async () => {
    await imageReady("terminal")
    const session = await launch("terminal", "shell")
    await picture("session")
    await accessible("a session's page")
    await page.setViewportSize({ width: 360, height: 640 })
    await insideOf(page.getByRole("tab"), 360, 6)
    await page.setViewportSize({ width: 1280, height: 800 })
    const tab = await open(session)
    await tab.waitForURL(/\/terminal/)
    const screen = tab.locator(".xterm-rows")
    await until("a prompt", async () => /[$#] *$/m.test(await screen.innerText()))
    await tab.locator(".xterm-helper-textarea").focus()
    await tab.keyboard.type("echo $((40+2)) pid=$$\n")
    const pid = await until("an answer", async () => (await screen.innerText()).match(/42 pid=(\d+)/)?.[1])
    // A terminal answers this question once, not again when the screen is shown again.
    await tab.keyboard.type("printf '\\033[c'; read -rs -t 2 -d c; clear; echo $((40+2)) pid=$$\n")
    await until("a cleared screen", async () => !(await screen.innerText()).includes("echo") && (await screen.innerText()).includes(`42 pid=${pid}`))
    await tab.reload()
    await until("the kept screen", async () => (await screen.innerText()).includes(`42 pid=${pid}`))
    await tab.locator(".xterm-helper-textarea").focus()
    await tab.keyboard.type("echo again=$$\n")
    equal(await until("another answer", async () => (await screen.innerText()).match(/again=(\d+)/)?.[1]), pid, "the shell after a reload")
    if (/;2c/.test(await screen.innerText())) throw new Error(`an old answer was typed: ${await screen.innerText()}`)
    if (pictures) await tab.screenshot({ path: join(pictures, "terminal.png") })
    await tab.close()
  })

  await test("a hibernated session wakes when its address is opened, without a reload by hand", async () => {
    const { body } = await api("GET", "/api/v1/sessions/shell")
    await api("POST", `/api/v1/sessions/${body.id}/hibernate`)
    await until("hibernated", async () => (await api("GET", `/api/v1/sessions/${body.id}`)).body.status.phase === "hibernated")
    const tab = await open(body)
    await tab.waitForURL(/\/sessions\/.*\/terminal/, { timeout: 60_000 })
    equal((await api("GET", `/api/v1/sessions/${body.id}`)).body.status.phase, "running", "phase")
    await tab.close()
  })

  await test("linked components talk, and the page shows what the other said", async () => {
    await imageReady("linked")
    const tab = await open(await launch("linked", "pair"))
    await until("the model's answer", async () => /\d/.test(await tab.locator("output").innerText()))
    if (pictures) await tab.screenshot({ path: join(pictures, "linked.png") })
    await tab.close()
  })

  await test("a notebook opens and its kernel answers", async () => {
    await imageReady("notebook")
    const tab = await open(await launch("notebook", "book"))
    await tab.locator(".jp-LauncherCard[data-category=Notebook], .jp-LauncherCard").first().click({ timeout: 60_000 })
    await tab.locator(".jp-Notebook .cm-content").first().click({ timeout: 60_000 })
    // JupyterLab drops what is run before its kernel is connected.
    await tab.getByText(/\| Idle$/).waitFor({ timeout: 60_000 })
    await tab.keyboard.type("6*7")
    await tab.keyboard.press("Shift+Enter")
    await until("the kernel's answer", async () => (await tab.locator(".jp-OutputArea-output").first().innerText()).includes("42"), 90_000)
    if (pictures) await tab.screenshot({ path: join(pictures, "notebook.png") })
    await tab.close()
    await api("DELETE", "/api/v1/sessions/book")
  })

  await test("the desktop shows a picture that answers to the pointer", async () => {
    await imageReady("desktop")
    const tab = await open(await launch("desktop", "desk"))
    await tab.waitForURL(/\/desktop/)
    const canvas = tab.locator("canvas")
    await canvas.waitFor({ timeout: 60_000 })
    const colours = () =>
      canvas.evaluate((node) => {
        const { data } = node.getContext("2d").getImageData(0, 0, node.width, node.height)
        const seen = new Set()
        for (let i = 0; i < data.length; i += 4 * 997) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2])
        return seen.size
      })
    const before = await until("a picture", async () => ((await colours()) > 3 ? canvas.screenshot() : undefined))
    const box = await canvas.boundingBox()
    await tab.mouse.click(box.x + box.width / 2, box.y + box.height / 2, { button: "right" })
    await until("a menu", async () => !(await canvas.screenshot()).equals(before))
    if (pictures) await tab.screenshot({ path: join(pictures, "desktop.png") })
    await tab.close()
    await api("DELETE", "/api/v1/sessions/desk")
  })

  await test("a file is edited in code", async () => {
    await imageReady("code")
    const tab = await open(await launch("code", "ide"))
    await tab.locator(".monaco-workbench").waitFor({ timeout: 90_000 })
    if (pictures) await tab.screenshot({ path: join(pictures, "code.png") })
    await tab.close()
    await api("DELETE", "/api/v1/sessions/ide")
  })

  await test("home shows what runs, and signing out ends the cookie and the way in", async () => {
    await page.goto(url)
    await page.getByText("shell").first().waitFor()
    await picture("home")
    await accessible("home with sessions")
    const session = (await api("GET", "/api/v1/sessions/shell")).body
    for (const one of (await api("GET", "/api/v1/sessions")).body.items) await api("DELETE", `/api/v1/sessions/${one.id}`)
    await until("all gone", async () => (await api("GET", "/api/v1/sessions")).body.items.every((one) => one.status.phase === "gone"))
    equal((await api("POST", "/auth/logout")).status, 204, "signing out")
    await page.goto(url)
    await page.waitForURL(/sign-in/)
    await accessible("the sign-in page")
    await picture("sign-in")
    await page.goto(session.url).catch(() => {})
    if (!page.url().includes("sign-in") && (await page.title()).includes("shell")) throw new Error("the session is still open")
  })

  await test("no page broke its own policy or threw", async () => {
    const serious = problems.filter((problem) => !/ERR_|WebSocket connection|503|401|404/.test(problem) && problem.startsWith(url))
    equal(serious.join("\n"), "", "console")
  })
} catch (error) {
  results.failed++
  console.log(`FAIL  the ring itself: ${error?.stack ?? error}`)
} finally {
  await browser?.close()
  await stopped()
  world("w.clean(server)")
  rmSync(data, { recursive: true, force: true })
}
console.log(`browser: ${results.passed} passed, ${results.failed} failed`)
process.exit(results.failed ? 1 : 0)
