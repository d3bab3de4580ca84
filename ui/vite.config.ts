import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { extname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import tailwindcss from "@tailwindcss/vite"
import react from "@vitejs/plugin-react"
import { defineConfig, type Plugin } from "vitest/config"

const server = process.env.BERTH_URL ?? "http://localhost:8080"

/// Writes NAME.gz beside each file that compresses, so that the server only picks.
function precompress(): Plugin {
  let folder = ""
  return {
    name: "precompress",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir
    },
    closeBundle() {
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name)
        if (!entry.isFile() || ![".js", ".css", ".html", ".svg", ".txt"].includes(extname(path))) continue
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }))
      }
    },
  }
}

/// The server refuses writes whose Origin is not its own, so the proxy speaks as if it were.
const proxied = {
  target: server,
  changeOrigin: true,
  ws: true,
  rewriteWsOrigin: true,
  headers: { origin: server },
}

export default defineConfig({
  plugins: [react(), tailwindcss(), precompress()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { proxy: { "/api": proxied, "/auth": proxied, "/openapi.json": proxied } },
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    license: { fileName: "licenses.txt" },
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      output: {
        // Few files for the first load: what rarely changes, and what every page uses.
        codeSplitting: {
          groups: [
            {
              name: "vendor",
              test: /node_modules[\\/](?!@xterm|@novnc|@codemirror|@lezer|style-mod|w3c-keyname|crelt)/,
            },
            { name: "common", test: /src[\\/](parts|api|text|shell)[\\/]/ },
          ],
        },
      },
    },
  },
  test: { include: ["src/**/*.test.{ts,tsx}"] },
})
