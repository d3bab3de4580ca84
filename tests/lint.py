"""The rules of the source that a tool can check. Prints each breach as FILE:LINE: what, and ends with 1 if any."""

import os
import re
import subprocess
import sys
from pathlib import Path

# Who may include whom; a folder may always include itself.
MAY_INCLUDE = {
    "base": "", "model": "base", "plan": "model base", "net": "base", "container": "net base", "kube": "net base", "crds": "kube model base", "crypto": "base",
    "store": "crypto model base", "auth": "store crypto net model base", "engine": "container kube net model base",
    "acts": "plan store crypto model base",
    "operator": "acts plan engine store crds kube model base", "api": "acts plan engine store auth crypto net model base",
    "gateway": "acts plan engine store auth crypto net model base", "cli": "net model base", "init": "",
}
# What a folder must not know exists.
FOREIGN = {"model": ["boost/asio", "boost/beast", "soci"], "plan": ["boost/asio", "boost/beast", "soci"]}
BANNED_NAME = re.compile(r"\b(?:class|struct)\s+(\w*(?:Manager|Helper|Util|Impl|Base|Data|Info))\b")
BANNED_PREFIX = re.compile(r"^\s*(?:\w[\w:<>,&* ]*\s)(do_|handle_|process_)\w+\(")
LINE_MAX, FILE_MAX, TEST_FILE_MAX = 110, 400, 600
OPEN_END = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")

breaches = []


def breach(path, line, what):
    breaches.append(f"{path}:{line}: {what}")


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], capture_output=True, text=True, check=True)
    return [Path(name) for name in listed.stdout.split("\n") if name and Path(name).exists()]


def check_includes(path, lines):
    parts = path.parts
    if parts[0] != "src" or len(parts) < 3:
        return
    layer = parts[1]
    allowed = set(MAY_INCLUDE[layer].split()) | {layer}
    for number, line in enumerate(lines, 1):
        found = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if not found:
            continue
        top = found[1].split("/")[0]
        if top in MAY_INCLUDE and "/" in found[1] and top not in allowed and not path.name.endswith("_test.cpp"):
            breach(path, number, f"{layer}/ may not include {top}/")
        for foreign in FOREIGN.get(layer, []):
            if found[1].startswith(foreign):
                breach(path, number, f"{layer}/ may not know {foreign}")


def check_text(path, lines):
    limit = TEST_FILE_MAX if re.search(r"_(test|fuzz)\.|^tests/|^sim/|/corpus/", str(path)) else FILE_MAX
    if len(lines) > limit:
        breach(path, len(lines), f"{len(lines)} lines; the limit is {limit}")
    raw = False  # Inside a raw string: markup that is sent as it stands.
    for number, line in enumerate(lines, 1):
        raw = (raw or 'R"' in line) and not re.search(r'\)\w*"', line)
        if raw:
            continue
        if len(line) > LINE_MAX and "http" not in line and 'R"' not in line and '"' not in line:
            breach(path, number, f"{len(line)} columns; the limit is {LINE_MAX}")
        if OPEN_END.search(line):
            breach(path, number, "an open end: finish it or file an issue")
        if BANNED_NAME.search(line):
            breach(path, number, f"the name {BANNED_NAME.search(line)[1]} says nothing")
        if BANNED_PREFIX.match(line):
            breach(path, number, f"the prefix {BANNED_PREFIX.match(line)[1]} says nothing")
        # A loop's own acceptors end with its context, which the server joins.
        owned = path.name == "http_server.cpp"
        if re.search(r"\basio::detached\b", line) and not owned and not path.name.endswith("_test.cpp") and path.parts[0] == "src":
            breach(path, number, "nothing is detached: use a TaskGroup")
        if re.search(r"(?:std::|(?<![:\w.>]))(?:system|popen)\((?!\))", line) and path.parts[0] == "src" and not line.lstrip().startswith("//"):
            breach(path, number, "no shell anywhere: use an argument vector")


def check_docstrings(path, lines):
    """Each class and enum that a header declares at namespace level has a docstring above it."""
    depth, previous = 0, ""
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if line.startswith(("class ", "enum class ")) and stripped.endswith("{") and "detail" not in previous:
            if not previous.startswith(("///", "template", "//")):
                breach(path, number, f"no docstring above: {stripped[:60]}")
        if stripped:
            previous = stripped


def check_configuration():
    """docs/operating.md tells of every key of the configuration, and of no other."""
    page = Path("docs/operating.md").read_text().split("\n## Configuration\n")[1].split("\n## ")[0]
    said = re.findall(r"^\| `(\w+)` \|", page, re.M)
    described = re.search(r"BOOST_DESCRIBE_STRUCT\(Config, \(\),\s*\(([^)]*)\)", Path("src/config.hpp").read_text())[1]
    keys = [re.sub(r"_(\w)", lambda letter: letter[1].upper(), member) for member in re.findall(r"\w+", described)]
    for key in sorted(set(keys) ^ set(said)):
        breach("docs/operating.md", 1, f"the key {key} is not in the tables" if key in keys else f"there is no key {key}")


def check_format():
    files = [str(path) for path in tracked("src/*.[ch]pp", "sim/*.[ch]pp", "tests/*.[ch]pp", "bench/*.[ch]pp")]
    result = subprocess.run(["clang-format-19", "--dry-run", "-Werror", *files], capture_output=True, text=True)
    for line in result.stderr.split("\n"):
        if "error:" in line:
            breaches.append(line.split(" error:")[0] + " format differs: ./dev fmt")


def check_tidy():
    """clang-tidy on what the last commit and the working tree changed; needs the compile commands of a build."""
    commands = Path("build/release/compile_commands.json")
    if not commands.exists():
        return
    changed = subprocess.run(["git", "diff", "--name-only", os.environ.get("BERTH_TEST_LINT_BASE", "HEAD~1")], capture_output=True, text=True)
    known = commands.read_text()
    files = [name for name in changed.stdout.split("\n") if name.startswith("src/") and name.endswith(".cpp") and name in known][:12]
    if files:
        result = subprocess.run(["clang-tidy-19", "-p", "build/release", "--quiet", *files], capture_output=True, text=True)
        breaches.extend(line for line in result.stdout.split("\n") if re.search(r"(warning|error):", line))


def main():
    for path in tracked("src/*.[ch]pp", "sim/*.[ch]pp", "tests/*.[ch]pp", "bench/*.[ch]pp"):
        lines = path.read_text(errors="replace").split("\n")
        check_includes(path, lines)
        check_text(path, lines)
        if path.suffix == ".hpp":
            check_docstrings(path, lines)
    for path in tracked("src/*/README.md", "*.md", "dev", "ui/src/*.ts", "ui/src/*.tsx"):
        for number, line in enumerate(path.read_text(errors="replace").split("\n"), 1):
            if OPEN_END.search(line):
                breach(path, number, "an open end: finish it or file an issue")
    check_configuration()
    check_format()
    check_tidy()
    print("\n".join(sorted(set(breaches))[:100]))
    print(f"lint: {len(set(breaches))} breaches")
    sys.exit(1 if breaches else 0)


main()
