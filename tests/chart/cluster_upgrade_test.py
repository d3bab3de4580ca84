"""Two replicas of the chart on a PostgreSQL outside of the cluster: upgraded while people work, and nobody notices.

The database listens at an address of this machine that pods reach: BERTH_TEST_DATABASE_ADDRESS, or that of the cluster
of `./dev cluster`."""

import http.client
import json
import os
import re
import socket
import sys
import threading
import time
import unittest

from chart import ROOT, get, kubectl
from cluster_test import Installed, has_nodes
from berth import Answer, wait_for
from postgres import Postgres
from websocket import WebSocket

ADDRESS = os.environ.get("BERTH_TEST_DATABASE_ADDRESS", "198.51.100.1")
SOCKETS = 24
ECHO = (ROOT / "tests/e2e/echo.py").read_text()

berth = None
server = None


class Replicated(Installed):
    """Reached by the address of its Service, as this machine can in the cluster of `./dev cluster`."""

    workload = "deployment/berth"

    def __init__(self, database):
        super().__init__()
        self.namespace = f"berth-upgrade-{os.getpid()}"
        self.sessions = self.namespace + "-sessions"
        self.values["sessions"]["namespace"] = self.sessions
        self.values |= {"replicas": 2, "database": {"url": database}, "drainSeconds": 600, "podDisruptionBudget": {"enabled": True},
                        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}}}

    @property
    def url(self):
        return "http://berth.example.org"

    def connect(self):
        self.address = get("-n", self.namespace, "service", "berth")["spec"]["clusterIP"]
        wait_for("an answer through the service", self.answers, 30)

    def call(self, method, path, body=None, token="own", cookie=None, headers=None, host=None, raw=None):
        connection = http.client.HTTPConnection(self.address, 80, timeout=20)
        sent = {"Host": host or "berth.example.org"} | (headers or {})
        if token == "own":
            token = self.token
        if token:
            sent["Authorization" if host is None else "Berth-Token"] = f"Bearer {token}" if host is None else token
        if cookie:
            sent |= {"Cookie": cookie, "Origin": self.url}
        if body is not None:
            sent["Content-Type"] = "application/json"
        connection.request(method, path, body=json.dumps(body) if body is not None else raw, headers=sent)
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read().decode(errors="replace"))
        connection.close()
        return answer

    def open(self, path, host=None):
        headers = {"Authorization": f"Bearer {self.token}"} if host is None else {"Berth-Token": self.token}
        return WebSocket(80, path, host or "berth.example.org", headers, address=self.address, limit=15)

    def pods(self):
        return {each["metadata"]["name"]: each for each in get("-n", self.namespace, "pods", "-l", "app.kubernetes.io/component=server")["items"]}


def setUpModule():
    global berth, server
    if not has_nodes():
        raise unittest.SkipTest("no cluster with nodes: KUBECONFIG names none")
    try:
        with socket.socket() as probe:
            probe.bind((ADDRESS, 0))
    except OSError:
        raise unittest.SkipTest(f"this machine is not {ADDRESS}: name an address that pods reach in BERTH_TEST_DATABASE_ADDRESS")
    server = Postgres("--listen", ADDRESS)
    unittest.addModuleCleanup(server.close)
    berth = Replicated(f"postgres://postgres@{ADDRESS}:5432/{server.create()}")
    unittest.addModuleCleanup(berth.remove)
    kubectl("create", "namespace", berth.namespace)
    kubectl("label", "namespace", berth.namespace, "pod-security.kubernetes.io/enforce=restricted")


class Talk(threading.Thread):
    """One socket to a session through the service, which says something ten times a second and waits for the echo."""

    def __init__(self, host):
        super().__init__(daemon=True)
        self.socket = berth.open("/", host)
        self.said, self.problem, self.over = 0, None, False
        self.start()

    def run(self):
        try:
            while not self.over:
                self.socket.send(f"word {self.said}")
                heard = self.socket.receive(10)
                assert heard == f"word {self.said}", heard
                self.said += 1
                time.sleep(0.1)
        except Exception as problem:
            self.problem = f"after {self.said} words: {problem!r}"
        self.socket.close()


class Ask(threading.Thread):
    """New connections, one after the other, for as long as it is not told to stop."""

    def __init__(self):
        super().__init__(daemon=True)
        self.answered, self.problems, self.over = 0, [], False
        self.start()

    def run(self):
        while not self.over:
            try:
                answer = berth.call("GET", "/api/v1/users/me")
                if answer.status != 200:
                    self.problems.append(repr(answer))
                self.answered += 1
            except Exception as problem:
                self.problems.append(repr(problem))
            time.sleep(0.05)


class Upgrade(unittest.TestCase):
    def test_1_two_replicas_share_one_database_and_one_of_them_leads(self):
        berth.apply("install", {"url": "http://berth.example.org", "appsDomain": "apps.example.org"})
        berth.connect()
        import re
        berth.link = re.search(r"Sign in .*: (http\S+)", berth.logs())[1]
        berth.token = berth.first_administrator()
        self.assertEqual(len(berth.pods()), 2)
        lease = wait_for("the Lease", lambda: json.loads(kubectl("-n", berth.namespace, "get", "lease", "berth", "-o", "json", check=False).stdout or "null"), 20)
        holder = lease["spec"]["holderIdentity"]
        self.assertIn(holder.rsplit("_", 1)[0], berth.pods())
        self.assertIn(f"{holder}", berth.inside("doctor").stdout)

    def test_2_an_upgrade_drops_no_open_websocket_and_refuses_no_new_connection(self):
        document = {"apiVersion": "berth.dev/v1alpha1", "kind": "Template", "metadata": {"name": "echo"}, "spec": {
            "components": [{"name": "main", "image": "localhost/berth/linked:1", "user": 1000, "command": ["python3", "-c", ECHO], "resources": {"cpu": "200m", "memory": "128Mi"},
                            "ports": [{"name": "http", "port": 9000, "scheme": "http"}], "readiness": {"tcp": "http"}}],
            "access": [{"name": "echo", "component": "main", "port": "http", "kind": "web", "default": True}]}}
        self.assertEqual(berth.call("POST", "/api/v1/templates", {"document": document}).status, 201)
        self.assertEqual(berth.call("POST", "/api/v1/sessions", {"template": "echo", "name": "talk"}).status, 201)
        session = berth.wait_phase("talk", "running", limit=120)
        host = session["access"][0]["url"].split("/")[2]
        old = set(berth.pods())
        talks = [Talk(host) for _ in range(SOCKETS)]
        ask = Ask()
        time.sleep(2)
        begun = time.monotonic()
        berth.apply("upgrade", {"podAnnotations": {"example.org/note": "changed"}, "config": {"logLevel": "debug"}})
        rolled = time.monotonic() - begun
        wait_for("two new pods", lambda: len([name for name, pod in berth.pods().items() if name not in old and all(each["ready"] for each in pod["status"].get("containerStatuses", [{"ready": False}]))]) == 2, 60)
        # Both old ones have been told to go, and see their clients off.
        there = {name for name, pod in berth.pods().items() if name in old and "deletionTimestamp" in pod["metadata"]}
        self.assertEqual(there, old)
        time.sleep(10)
        ask.over = True
        ask.join()
        self.assertEqual([talk.problem for talk in talks if talk.problem], [])
        self.assertTrue(all(talk.said > 50 for talk in talks), [talk.said for talk in talks])
        self.assertEqual(ask.problems, [])
        print(f"  upgraded in {rolled:.0f} s: {len(talks)} WebSockets said {sum(talk.said for talk in talks)} words and lost none; {ask.answered} new connections, none refused", file=sys.stderr)
        # A new socket comes to a new pod, and once the old sockets have gone so do the old pods.
        later = Talk(host)
        time.sleep(1)
        self.assertIsNone(later.problem)
        for talk in [*talks, later]:
            talk.over = True
        for talk in [*talks, later]:
            talk.join(15)
        wait_for("the old pods gone", lambda: not set(berth.pods()) & old, 60)
        self.assertEqual(berth.session("talk")["status"]["startedAt"], session["status"]["startedAt"])

    def test_3_a_pod_that_dies_takes_nothing_along_but_its_own_sockets(self):
        lease = json.loads(kubectl("-n", berth.namespace, "get", "lease", "berth", "-o", "json").stdout)
        pod = lease["spec"]["holderIdentity"].rsplit("_", 1)[0]
        kubectl("-n", berth.namespace, "delete", "pod", pod, "--grace-period=0", "--force")
        wait_for("another holder", lambda: json.loads(kubectl("-n", berth.namespace, "get", "lease", "berth", "-o", "json").stdout)["spec"]["holderIdentity"] not in ("", lease["spec"]["holderIdentity"]), 30)
        wait_for("an answer", lambda: berth.answers() and berth.call("POST", "/api/v1/sessions", {"template": "echo", "name": "after"}).status == 201, 30)
        berth.wait_phase("after", "running", limit=60)
        for name in ("talk", "after"):
            berth.call("DELETE", f"/api/v1/sessions/{name}")
        wait_for("no pod", lambda: not get("-n", berth.sessions, "pods")["items"], 60)


if __name__ == "__main__":
    unittest.main(failfast=True)
