"""Several Berths on one PostgreSQL database, each a process of its own, as behind one Service. For tests and measurements."""

import json
import os
import re
import shutil
import signal
import subprocess
import time

import postgres
from berth import PROGRAM, Berth, free_port, wait_for
from websocket import WebSocket
from worlds import world


class Replica(Berth):
    """One `berth serve` of several: its own port and directory, and everybody's address."""

    def __init__(self, several, number, **options):
        self.several = several
        super().__init__(several.engine, **(several.options | options))
        self.number = number

    @property
    def url(self):
        return self.several.url

    def arguments(self):
        given = [f"--{name.replace('_', '-')}={value}" for name, value in self.options.items()]
        return [str(PROGRAM), "serve", f"--data-directory={self.data}", f"--listen=127.0.0.1:{self.port}", f"--url={self.url}", f"--engine={self.engine}", *given]

    def environment(self, token="own"):
        return super().environment(token) | self.several.surroundings.get(self.number, {})

    def start(self, limit=120):
        self.log = open(os.path.join(self.data, "test.log"), "ab")
        self.process = subprocess.Popen(self.arguments(), stdout=subprocess.PIPE, stderr=self.log, text=True, env=self.environment(None))
        for line in self.process.stdout:
            if "is ready at" in line:
                return self
        raise AssertionError(f"replica {self.number} did not start:\n{self.log_text()[-3000:]}")

    @property
    def runs(self):
        return self.process is not None and self.process.poll() is None

    def send(self, number):
        self.process.send_signal(number)

    def end(self, number=signal.SIGTERM, limit=30):
        """Sends the signal and waits until the process has ended."""
        if self.runs:
            self.send(number)
            self.process.wait(limit)
        if not self.log.closed:
            self.close()

    def holder(self):
        """What it calls itself as a leader; None as long as it has not been one."""
        found = re.findall(r'leading.*?holder="?([^"\s]+)', self.log_text())
        return found[-1] if found else None

    def events(self, after=None, limit=30):
        path = "/api/v1/events?all=true" + ("" if after is None else f"&after={after}")
        feed = WebSocket(self.port, path, self.url.split("//")[1], {"Authorization": f"Bearer {self.token}"}, limit=limit)
        feed.hello = feed.json()
        return feed

    def ready(self):
        """The status of /readyz, or None where nobody answers."""
        try:
            return self.call("GET", "/readyz", token=None).status
        except OSError:
            return None


class Several:
    """`count` replicas on one database of `server`, started, with an administrator. `options` are flags of all."""

    def __init__(self, count=2, engine="sim", server=None, database=None, others=(), surroundings=None, **options):
        self.engine = engine
        self.server = server or postgres.shared()
        self.database = database or self.server.create()
        self.surroundings = surroundings or {}
        self.url = f"http://localhost:{free_port()}"
        self.options = {"database": self.server.url(self.database, *others)} | options
        self.replicas = []
        for _ in range(count):
            self.add()

    def add(self, **options):
        replica = Replica(self, len(self.replicas), **options)
        self.replicas.append(replica)
        replica.start()
        if len(self.replicas) == 1:
            self.sign_in(replica)
        replica.token = self.token
        return replica

    def sign_in(self, replica):
        line = replica.process.stdout.readline()
        replica.link = re.search(r"(http://\S+/sign-in/\S+)", line)[1]
        self.token = replica.first_administrator()
        replica.token = self.token
        quota = {"sessions": 1000, "running": 1000, "cpu": "1000", "memory": "1000Gi", "workspaces": 2000}
        assert replica.call("PUT", "/api/v1/quota", quota).status in (200, 204)

    def row(self):
        """(holder, epoch, whether the lease holds) as the database has it."""
        holder, epoch, holds = self.server.sql("SELECT holder, epoch, expires_at > extract(epoch FROM clock_timestamp()) * 1000 FROM leader", self.database).split("|")
        return holder, int(epoch), holds == "t"

    def find_leader(self):
        holder, _, holds = self.row()
        return next((replica for replica in self.replicas if holds and holder and replica.runs and replica.holder() == holder), None)

    def leader(self, limit=15):
        return wait_for("a leader", self.find_leader, limit)

    def others(self, leader):
        return [replica for replica in self.replicas if replica.runs and replica is not leader]

    def time_to_act(self, number):
        """Ends the leader with the signal; seconds until another one has done something for a session, and that one.

        A session is launched at the moment of the signal, by another replica."""
        leader, epoch = self.leader(), self.row()[1]
        other = self.others(leader)[0]
        feed = other.events()
        leader.send(number)
        begun = time.monotonic()
        try:
            while True:
                answer = other.call("POST", "/api/v1/sessions", {"template": "terminal", "name": f"act-{time.monotonic_ns()}"})
                assert answer.status == 201, answer
                # What the API wrote has the person as its actor.
                while (event := feed.json(limit=30)).get("subject") != answer.json()["id"] or event.get("actor") != "berth":
                    pass
                took = time.monotonic() - begun
                # One that was told to stop may have come first.
                if self.row()[1] > epoch:
                    return took, leader
        finally:
            feed.close()
            leader.process.wait(30)
            leader.close()

    def sessions(self, replica=None):
        """All that are not gone, by name, as one replica tells it."""
        replica = replica or next(each for each in self.replicas if each.runs)
        found, cursor = {}, ""
        while True:
            page = replica.call("GET", f"/api/v1/sessions?all=true&limit=200{cursor}").json()
            found |= {item["name"]: item for item in page["items"]}
            if not page.get("next"):
                return found
            cursor = f"&cursor={page['next']}"

    def log_text(self):
        return "\n".join(f"--- replica {each.number}\n{each.log_text()}" for each in self.replicas)

    def close(self):
        for replica in self.replicas:
            if replica.runs:
                replica.send(signal.SIGCONT)
                replica.end(signal.SIGKILL)
            elif not replica.log.closed:
                replica.close()
            shutil.rmtree(replica.data, ignore_errors=True)
