"""A private PostgreSQL for tests: a server of its own process, gone with it, and a database in it for each Berth."""

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Postgres:
    """One server on a Unix socket. `directory` is its socket's place; with `standby_of` it copies another."""

    def __init__(self, *options, directory=None, standby_of=None):
        self.directory = directory or tempfile.mkdtemp(prefix="berth-pg-")
        self.databases = 0
        words = ["bash", str(ROOT / "tests/dev/postgres.sh"), self.directory, *options]
        if standby_of:
            words += ["--standby-of", standby_of.directory]
        self.script = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        said = self.script.stdout.readline().strip()
        if said != "ready":
            raise AssertionError(f"PostgreSQL did not start: {said} {self.script.stdout.read() if said != 'missing' else ''}")

    def tell(self, word):
        """`stop` (as if it had died), `start` or `promote`."""
        self.script.stdin.write(word + "\n")
        self.script.stdin.flush()
        answer = self.script.stdout.readline().strip()
        assert answer == "done", f"PostgreSQL: {word}: {answer}"

    def sql(self, text, database="postgres", check=True):
        done = subprocess.run(["psql", "-h", self.directory, "-U", "postgres", "-d", database, "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", text], capture_output=True, text=True, timeout=60)
        if check and done.returncode != 0:
            raise AssertionError(f"{text}: {done.stderr}")
        return done.stdout.strip()

    def set(self, name, value):
        """A setting of the running server; None: its default."""
        self.sql(f"ALTER SYSTEM RESET {name}" if value is None else f"ALTER SYSTEM SET {name} = '{value}'")
        self.sql("SELECT pg_reload_conf()")

    def create(self):
        """The name of a new database."""
        self.databases += 1
        name = f"berth_{self.databases}"
        self.sql(f"CREATE DATABASE {name}")
        return name

    def url(self, database, *others):
        """For a program; `others` are servers that may have it instead."""
        return f"postgres://postgres@/{database}?host=" + ",".join(server.directory for server in (self, *others))

    def close(self):
        if self.script.poll() is None:
            self.script.stdin.close()
            self.script.wait(60)
        self.script.stdout.close()
        shutil.rmtree(self.directory, ignore_errors=True)


@functools.cache
def shared():
    """The one of this process."""
    server = Postgres()
    atexit.register(server.close)
    return server


def wanted():
    """Whether Berths of this run are to be on PostgreSQL: BERTH_TEST_DATABASE=postgres."""
    return os.environ.get("BERTH_TEST_DATABASE") == "postgres"
