"""The table of cases and engines: docs/cases.md. Without --write it says whether that is up to date."""

import ast
import re
import sys
from pathlib import Path

from worlds import NEED_A_PROCESS, WORLDS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/cases.md"


def cases():
    tree = ast.parse((ROOT / "tests/e2e/sessions.py").read_text())
    for group in tree.body:
        if isinstance(group, ast.ClassDef):
            for function in group.body:
                if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
                    yield group.name, function.name


def text():
    names = list(WORLDS)
    lines = ["# End-to-end cases and engines", "",
             "Written by `tests/e2e/cases.py`. The same cases run on every engine: `./dev test e2e` on containers and on the",
             "simulated engine, `./dev test cluster` on Kubernetes. What asks a real process something is exempt where nothing runs,",
             "by name.", "",
             "| case | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for group, name in cases():
        words = re.sub(r"^test_(\d_)?", "", name).replace("_", " ")
        cells = ["runs" if WORLDS[engine].real or name not in NEED_A_PROCESS else f"exempt: {NEED_A_PROCESS[name]}" for engine in names]
        lines.append(f"| {group}: {words} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


unknown = set(NEED_A_PROCESS) - {name for _, name in cases()}
if unknown:
    sys.exit(f"exempt, but no case: {', '.join(sorted(unknown))}")
if "--write" in sys.argv:
    PAGE.write_text(text())
elif not PAGE.exists() or PAGE.read_text() != text():
    sys.exit("docs/cases.md is not what tests/e2e/cases.py writes: run it with --write")
