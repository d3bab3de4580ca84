// What Berth's probe asks for, by way of the editor's own proxy: when somebody last used it.
const { createServer } = require("http")
const { statSync } = require("fs")
const { file } = require("./file")

createServer((_, response) => {
  const seen = statSync(file, { throwIfNoEntry: false })
  response.setHeader("Content-Type", "application/json")
  response.end(JSON.stringify({ lastUsed: seen ? seen.mtimeMs : 0 }))
}).listen(8442, "127.0.0.1")
