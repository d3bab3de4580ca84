exports.file = `${process.env.HOME}/.local/share/code-server/used`
