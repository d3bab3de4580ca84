"""A PostgreSQL server of our own."""

import contextlib
import subprocess

from measure import ROOT, directory


@contextlib.contextmanager
def postgres():
    """The directory of the socket of a private server that syncs its disk."""
    with directory() as place:
        place.joinpath("server").mkdir()
        # The way to the server's user, who is not us.
        words = [ROOT / "tests/dev/postgres.sh", place / "server", "--durable"]
        started = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            said_first = started.stdout.readline().decode().strip()
            if said_first != "ready":
                raise RuntimeError(f"PostgreSQL has not started: {said_first}")
            yield place / "server"
        finally:
            started.stdin.close()
            started.wait(60)
            started.stdout.close()
