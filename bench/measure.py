"""What every measurement needs: processes that end with it, their CPU seconds, a core for each side, and figures."""

import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = ROOT / "build/release/bench"
BERTH = ROOT / "build/release/berth"
TICKS = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
LOAD_CORE, TESTED_CORE = CORES[0], CORES[-1]
ROUNDS = 3


class Skipped(Exception):
    """What is measured needs something that is not here; says what."""


@dataclass
class Figures:
    """The values of alternating runs."""
    runs: list

    @property
    def median(self):
        return statistics.median(self.runs)

    def as_json(self):
        return {"median": self.median, "min": min(self.runs), "max": max(self.runs), "runs": self.runs}


@dataclass
class Line:
    """One comparison. `goal` is what the ratio (or, without a peer, Berth's own figure) has to be at least or at most."""
    what: str
    unit: str
    berth: Figures
    peer: str = ""
    figures: Figures | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def value(self):
        return self.berth.median / self.figures.median if self.figures else self.berth.median

    def met(self):
        if self.at_least is None and self.at_most is None:
            return None
        return self.value >= self.at_least if self.at_least is not None else self.value <= self.at_most

    def as_json(self):
        return {"what": self.what, "unit": self.unit, "berth": self.berth.as_json(), "peer": self.peer,
                "peerFigures": self.figures and self.figures.as_json(),
                "ratio": self.value if self.figures else None,
                "atLeast": self.at_least, "atMost": self.at_most, "met": self.met()}


@contextlib.contextmanager
def directory():
    """A private directory on the disk of the checkout; /tmp may be memory."""
    parent = ROOT / ".cache/bench"
    parent.mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix="run-", dir=parent))
    # Workers of a server that was started by root change their user and have to come in.
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def process(words, core=None, **options):
    """A process that ends with the block."""
    words = [str(word) for word in words]
    pin = (lambda: os.sched_setaffinity(0, {core})) if core is not None else None
    started = subprocess.Popen(words, preexec_fn=pin, stdin=subprocess.PIPE, **options)
    try:
        yield started
    finally:
        for pipe in (started.stdin, started.stdout):
            if pipe:
                pipe.close()
        started.terminate()
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def first_line(started):
    line = started.stdout.readline().decode().strip()
    if not line:
        raise RuntimeError(f"{started.args[0]} ended before it was ready")
    return line


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, condition, limit=30.0, every=0.01):
    """Asks again and again until `condition` is true; fails with `what` after `limit` seconds."""
    until = time.monotonic() + limit
    while not condition():
        if time.monotonic() > until:
            raise RuntimeError(f"not within {limit:.0f} s: {what}")
        time.sleep(every)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def fetch(port, host, path="/", headers=None, limit=60):
    """Status of one request, 0 when nobody answers; returns with the first bytes of the answer."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": host} | (headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=limit) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def family(pid):
    """The process and all its descendants."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    found = [pid]
    for one in found:
        found.extend(child for child, parent in parents.items() if parent == one)
    return found


def cpu_seconds(pid):
    """User and system time of the process, its threads and its children, also those that have ended (proc(5))."""
    total = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
            total += sum(int(field) for field in fields[11:15])
    return total / TICKS


def resident_mib(pid, field="VmRSS"):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {field} of process {pid}")
