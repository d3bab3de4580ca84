"""Runs the measurements that are named (all when none is) and writes docs/benchmarks.json and docs/benchmarks.md."""

import argparse
import datetime
import json
import platform
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import traceback
from pathlib import Path

import rows
from measure import CORES, ROOT, ROUNDS, Skipped

FIGURES = ROOT / "docs/benchmarks.json"
REPORT = ROOT / "docs/benchmarks.md"


def version_of(*words):
    """The first version number that a program prints about itself."""
    if not shutil.which(words[0]):
        return None
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout)
    return found and found[0]


def machine(chp):
    """What a figure depends on; nothing that names this machine."""
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) / 2**20
    processor = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    versions = {"nginx": version_of("nginx", "-v"), "HAProxy": version_of("haproxy", "-v"), "Podman": version_of("podman", "-v"),
                "Node.js": version_of("node", "--version"), "SQLite": sqlite3.sqlite_version, "PostgreSQL": version_of("psql", "--version"),
                "Kubernetes": version_of(ROOT / ".cache/cluster/bin/kubectl", "version", "--client"),
                "configurable-http-proxy": json.loads((chp / "package.json").read_text())["version"]}
    return {"cores": len(CORES), "processor": processor[1].strip() if processor else platform.machine(),
            "memoryGib": round(memory), "kernel": ".".join(platform.release().split(".")[:2]),
            "virtual": "hypervisor" in Path("/proc/cpuinfo").read_text(), "versions": {k: v for k, v in versions.items() if v}}


def number(value):
    if value >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def cell(figures):
    return f"{number(figures['median'])} ({number(figures['min'])}..{number(figures['max'])})"


def goal_of(line):
    sign, wanted = ("≥", line["atLeast"]) if line["atLeast"] is not None else ("≤", line["atMost"])
    if wanted is None:
        return ""
    return f"{sign} {wanted:g}×" if line["peer"] else f"{sign} {wanted:g} {line['unit'].split()[0]}"


def table(measured):
    text = ["| What | Berth | Peer | Its figure | Ratio | Goal | Met |", "|---|---|---|---|---|---|---|"]
    for name in rows.ALL:
        for line in measured.get(name, {}).get("lines", []):
            met = {True: "yes", False: "**no**", None: ""}[line["met"]]
            ratio = f"{line['ratio']:.2f}×" if line["ratio"] else ""
            peer = cell(line["peerFigures"]) if line["peer"] else ""
            text.append(f"| {line['what']}, {line['unit']} | {cell(line['berth'])} | {line['peer']} | {peer} | {ratio} | "
                        f"{goal_of(line)} | {met} |")
    return text


def write_report(measured):
    parts = ["# Benchmarks", "", "Written by `./dev bench`; change the programs in `bench/`, not this page. Each figure is the "
             f"median of alternating runs on one machine (at least {ROUNDS}), with the smallest and the largest behind it. CPU "
             "seconds are user and system time of the process under test with all its threads and children. Compare the two "
             "figures of a line, not figures of different machines.", "", *table(measured), "", "## How each was measured", ""]
    for name in rows.ALL:
        if name not in measured:
            continue
        of = measured[name]["machine"]
        versions = ", ".join(f"{program} {version}" for program, version in of["versions"].items())
        parts += [f"**{name}** ({measured[name]['date']}). {measured[name]['how']}", "",
                  f"Machine: {of['cores']} cores of {of['processor']}{' (virtual)' if of['virtual'] else ''}, {of['memoryGib']} GiB "
                  f"of memory, Linux {of['kernel']}; {versions}.", ""]
    REPORT.write_text("\n".join(parts).rstrip() + "\n")


def main():
    # Told to stop it takes away what it made.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--chp", type=Path, required=True, help="the package configurable-http-proxy")
    arguments.add_argument("rows", nargs="*", choices=[[], *rows.ALL, *rows.GROUPS], help="what to measure")
    given = arguments.parse_args()
    measured = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    facts = machine(given.chp)
    wanted = [name for row in given.rows or rows.ALL for name in rows.GROUPS.get(row, [row])]
    failed = []
    for name in wanted:
        print(f"measuring: {name}", flush=True)
        try:
            lines, how = rows.ALL[name](given.chp.resolve())
        except Skipped as why:
            print(f"skipped: {name}: {why}", flush=True)
            continue
        except Exception:
            # The other rows are measured all the same.
            traceback.print_exc()
            failed.append(name)
            continue
        measured[name] = {"date": datetime.date.today().isoformat(), "how": how, "machine": facts,
                          "lines": [line.as_json() for line in lines]}
        FIGURES.write_text(json.dumps(measured, indent=1) + "\n")
        write_report(measured)
        print("\n".join(table({name: measured[name]})), flush=True)
    if failed:
        sys.exit("not measured: " + ", ".join(failed))


main()
