// Keys and pointer in any window of the editor: the time of the file says when there were some last.
const { mkdirSync, writeFileSync } = require("fs")
const { dirname } = require("path")
const { window } = require("vscode")
const { file } = require("./file")

exports.activate = (context) => {
  mkdirSync(dirname(file), { recursive: true })
  const note = () => {
    if (window.state.active) writeFileSync(file, "")
  }
  note()
  const every = setInterval(note, 5000)
  context.subscriptions.push(window.onDidChangeWindowState(note), { dispose: () => clearInterval(every) })
}
