"""A real Berth for tests: a process of its own, a private data directory, and clients that speak to it."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import postgres
from worlds import world

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("BERTH_TEST_PROGRAM", ROOT / "build/release/berth"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, condition, limit=60.0, every=0.1):
    """What `condition` gives once it is true; fails with `what` after `limit` seconds."""
    until = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"not within {limit:.0f} s: {what}")
        time.sleep(every)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:400]!r}"


class Berth:
    """One server. `stop` ends it; `clean` also removes everything it made in the engine.

    BERTH_TEST_DATABASE=postgres gives each a database on a private PostgreSQL instead of a file.
    """

    def __init__(self, engine=None, **options):
        self.world = world()
        self.data = tempfile.mkdtemp(prefix="berth-e2e-")
        self.port = free_port()
        self.engine = engine or self.world.name
        self.options = (self.world.options() if self.engine == self.world.name else {}) | options
        if postgres.wanted() and "database" not in self.options:
            self.options["database"] = postgres.shared().url(postgres.shared().create())
        self.process = None
        self.link = None
        self.token = None

    @property
    def url(self):
        return f"http://localhost:{self.port}"

    def arguments(self):
        given = [f"--{name.replace('_', '-')}={value}" for name, value in self.options.items()]
        return [str(PROGRAM), "up", "--data", self.data, "--port", str(self.port), "--no-open", f"--engine={self.engine}", *given]

    def start(self, limit=600):
        self.log = open(os.path.join(self.data, "test.log"), "ab")
        self.process = subprocess.Popen(self.arguments(), stdout=subprocess.PIPE, stderr=self.log, text=True, env=self.environment())
        self.link, lines = None, []
        until = time.monotonic() + limit
        for line in self.process.stdout:
            lines.append(line)
            if found := re.search(r"(http://\S+/sign-in/\S+)", line):
                self.link = found[1]
            if "Ctrl-C" in line or time.monotonic() > until:
                break
        if not any("ready" in line for line in lines):
            raise AssertionError("the server did not start:\n" + "".join(lines) + self.log_text()[-3000:])
        if self.link and not self.token:
            self.token = self.first_administrator()
        return self

    def log_text(self):
        return Path(self.data, "test.log").read_text(errors="replace")

    def first_administrator(self):
        ticket = self.link.rsplit("/", 1)[1]
        cookie = self.redeem(ticket, name="admin", password="correct horse battery")
        answer = self.call("POST", "/api/v1/users/me/tokens", {"name": "e2e", "scope": "admin"}, cookie=cookie, token=None)
        assert answer.status == 201, answer
        return answer.json()["token"]

    def redeem(self, ticket, **body):
        answer = self.call("POST", "/auth/ticket", {"ticket": ticket, **body}, token=None, headers={"Origin": self.url})
        assert answer.status == 204, answer
        return answer.headers["Set-Cookie"].split(";")[0]

    def add_user(self, name):
        """A further user with a token of their own."""
        answer = self.call("POST", "/api/v1/users", {"name": name})
        assert answer.status == 201, answer
        cookie = self.redeem(answer.json()["signInLink"].rsplit("/", 1)[1], password="correct horse battery")
        made = self.call("POST", "/api/v1/users/me/tokens", {"name": "e2e", "scope": "sessions"}, cookie=cookie, token=None)
        assert made.status == 201, made
        return made.json()["token"]

    def call(self, method, path, body=None, token="own", cookie=None, headers=None, host=None, raw=None):
        """One request. `host` reaches a session's own host; `body` is sent as JSON."""
        sent = {"Host": host or self.url.split("//")[1]}
        if token == "own":
            token = self.token
        if token:
            sent["Authorization" if host is None else "Berth-Token"] = f"Bearer {token}" if host is None else token
        if cookie:
            sent |= {"Cookie": cookie, "Origin": self.url}
        data = raw
        if body is not None:
            data = json.dumps(body)
            sent["Content-Type"] = "application/json"
        sent |= headers or {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body=data, headers=sent)
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read().decode(errors="replace"))
        connection.close()
        return answer

    def environment(self, token="own"):
        env = {k: v for k, v in os.environ.items() if not k.startswith("BERTH_")}
        env |= {"NO_COLOR": "1", "XDG_CONFIG_HOME": os.path.join(self.data, "config")}
        if token == "own":
            token = self.token
        if token:
            env |= {"BERTH_URL": self.url, "BERTH_TOKEN": token}
        return env

    def cli(self, *words, check=True, token="own", limit=180, stdin=None):
        done = subprocess.run([str(PROGRAM), *words], capture_output=True, text=True, timeout=limit, env=self.environment(token), input=stdin)
        if check and done.returncode != 0:
            raise AssertionError(f"berth {' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def session(self, name, token="own"):
        return self.call("GET", f"/api/v1/sessions/{name}", token=token).json()

    def phase(self, name):
        answer = self.call("GET", f"/api/v1/sessions/{name}")
        return answer.json()["status"]["phase"] if answer.status == 200 else "gone"

    def wait_phase(self, name, *phases, limit=120):
        return wait_for(f"{name} {phases}, but {self.session(name).get('status')}", lambda: self.phase(name) in phases and self.session(name), limit)

    def add_template(self, name, component=None, **spec):
        """A template of one component of the terminal's image, with what differs."""
        made = {"name": "main", "image": "localhost/berth/terminal:1", "resources": {"cpu": "200m", "memory": "128Mi"}} | (component or {})
        document = {"apiVersion": "berth.dev/v1alpha1", "kind": "Template", "metadata": {"name": name}, "spec": {"components": [made]} | spec}
        answer = self.call("POST", "/api/v1/templates", {"document": document})
        assert answer.status == 201, answer
        return name

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.close()

    def close(self):
        self.process.stdout.close()
        self.log.close()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError("the server did not stop within 30 s of SIGINT")
        if self.process and not self.log.closed:
            self.close()

    def clean(self):
        """Ends every session and gives up every workspace, so that nothing of it is left in the engine."""
        try:
            if self.process and self.process.poll() is not None:
                self.start()
            for item in self.call("GET", "/api/v1/sessions?all=true&limit=200").json()["items"]:
                if item["status"]["phase"] != "gone":
                    self.call("DELETE", f"/api/v1/sessions/{item['id']}")
            wait_for("sessions gone", lambda: all(i["status"]["phase"] == "gone" for i in self.call("GET", "/api/v1/sessions?all=true&limit=200").json()["items"]), 120)
        finally:
            self.stop()
            self.world.clean(self)
            shutil.rmtree(self.data, ignore_errors=True)

