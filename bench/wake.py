"""How long somebody waits for a session that rests: frozen, or hibernated."""

import http.client
import re
import socket
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from measure import ROOT, ROUNDS, Figures, Line, fetch, free_port, wait_for
from page import PAGE, page_image, podman

sys.path.insert(0, str(ROOT / "tests/e2e"))
import berth as e2e  # noqa: E402

FREEZES = 100  # A round.
WAKES = 15
AT_ONCE = 1000


def p99(values):
    return statistics.quantiles(values, n=100)[98]


class Resting:
    """A server with a session of the tiny application."""

    def __enter__(self):
        self.image = page_image()
        self.image.__enter__()
        self.server = e2e.Berth(starter_catalog="false")
        self.server.start()
        component = {"image": PAGE, "ports": [{"name": "web", "port": 8080}]}
        access = [{"name": "web", "component": "main", "port": "web", "kind": "web", "default": True}]
        self.server.add_template("bench-page", component, access=access)
        self.server.cli("launch", "bench-page", "--name", "rests", "--wait")
        self.host = re.match(r"http://([^/]+)", self.server.session("rests")["url"])[1]
        return self

    def __exit__(self, *_):
        self.server.call("DELETE", "/api/v1/sessions/rests")
        self.server.wait_phase("rests", "gone")
        self.server.clean()
        self.image.__exit__(None, None, None)

    def rest(self, verb, phase):
        self.server.call("POST", f"/api/v1/sessions/rests/{verb}")
        wait_for(phase, lambda: self.server.phase("rests") == phase)

    def first_byte(self):
        began = time.monotonic()
        status = fetch(self.server.port, self.host, headers={"Berth-Token": self.server.token})
        if status != 200:
            raise RuntimeError(f"answered {status}")
        return time.monotonic() - began


class Engine(http.client.HTTPConnection):
    """The engine's own API, as Berth speaks to it."""

    def __init__(self, path):
        super().__init__("engine")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def post(self, path):
        self.request("POST", path)
        answer = self.getresponse()
        answer.read()
        return answer.status


class Published:
    """The same application in a container that Podman publishes."""

    def __enter__(self):
        self.port = free_port()
        self.id = podman("run", "--detach", "--publish", f"127.0.0.1:{self.port}:8080", PAGE)
        wait_for("the first byte", self.answers, every=0.002)
        return self

    def __exit__(self, *_):
        podman("rm", "--force", "--time", "0", self.id)

    def answers(self):
        return fetch(self.port, "localhost") == 200


def frozen(_):
    """A request to a frozen session."""
    ours, theirs = [], []
    with Resting() as berth, Published() as plain:
        engine = Engine(f"{berth.server.data}/podman.sock")
        for _ in range(ROUNDS):
            mine, their = [], []
            for _ in range(FREEZES):
                berth.rest("freeze", "frozen")
                mine.append(1000 * berth.first_byte())
                berth.server.wait_phase("rests", "running")
                engine.post(f"/containers/{plain.id}/pause")
                began = time.monotonic()
                engine.post(f"/containers/{plain.id}/unpause")
                plain.answers()
                their.append(1000 * (time.monotonic() - began))
            ours.append(mine)
            theirs.append(their)
    worst = Figures([p99(one) for one in ours])
    lines = [Line("Frozen session to its first byte, p99", "ms", worst, at_most=5),
             Line("Frozen session to its first byte, median", "ms", Figures([statistics.median(one) for one in ours]),
                  "Podman's unpause", Figures([statistics.median(one) for one in theirs]))]
    how = (f"{ROUNDS} rounds of {FREEZES} requests on a new connection, each to a session that was frozen before: the gateway takes "
           "it, the loop thaws the container, the application answers. The peer is a container of the same image that is "
           "unpaused over the API socket of the same Podman and then asked the same through a published port.")
    return lines, how


def wake(_):
    """A request to a hibernated session."""
    ours, theirs = [], []
    with Resting() as berth, Published() as plain:
        for _ in range(WAKES):
            berth.rest("hibernate", "hibernated")
            ours.append(berth.first_byte())
            podman("stop", "--time", "0", plain.id)
            began = time.monotonic()
            podman("start", plain.id)
            wait_for("the first byte", plain.answers, every=0.002)
            theirs.append(time.monotonic() - began)
    lines = [Line("Hibernated session to its first byte", "s", Figures(ours), "podman start", Figures(theirs), at_most=1.15)]
    how = (f"{WAKES} wakes each, in turn, of an image that holds one static HTTP server: a request to the session's host, which the "
           "gateway holds until it runs, beside `podman start` and requests every 2 ms until one is answered. Berth makes a new "
           "container in a network of its own each time, Podman starts the one that it kept.")
    return lines, how


def wake_at_once(_):
    """A thousand requests to one hibernated session."""
    took = []
    with Resting() as berth:
        session = berth.server.session("rests")["id"]
        for number in range(1, ROUNDS + 1):
            berth.rest("hibernate", "hibernated")
            began = time.monotonic()
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(lambda _: berth.first_byte(), range(AT_ONCE)))
            took.append(time.monotonic() - began)
            events = berth.server.call("GET", f"/api/v1/sessions/{session}/events?limit=1000").json()["items"]
            wakes = sum(event["kind"] == "session.woken" and event["class"] == "audit" for event in events)
            if wakes != number:
                raise RuntimeError(f"{wakes} wakes after {number} rounds")
    lines = [Line(f"{AT_ONCE} requests at once to a hibernated session: all answered", "s", Figures(took))]
    how = (f"{ROUNDS} rounds of {AT_ONCE} threads that each open a connection and ask; every answer is the application's, and each "
           "round is one wake. The threads take most of the time.")
    return lines, how
