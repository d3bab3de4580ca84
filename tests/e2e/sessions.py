"""The main job by CLI and API, and what goes wrong, for real, on the engine that BERTH_TEST_ENGINE names."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
import urllib.request
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(__file__))
from berth import PROGRAM, Berth, free_port, wait_for
from websocket import WebSocket
from worlds import NEED_A_PROCESS, world

server = None
other = None  # A second user's token.
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


def setUpModule():
    global server, other
    server = Berth().start()
    quota = {"sessions": 200, "running": 60, "cpu": "200", "memory": "200Gi", "workspaces": 400}
    assert server.call("PUT", "/api/v1/quota", quota).status in (200, 204)
    other = server.add_user("bea")
    wait_for("the image of template terminal", lambda: server.call("GET", "/api/v1/templates/terminal").json()["image"]["state"] == "present", 600)


def tearDownModule():
    server.clean()


def load_tests(loader, suites, pattern):
    """All cases; where nothing runs without those that ask a real process something."""
    cases = [case for suite in suites for case in suite]
    if world().real:
        return unittest.TestSuite(cases)
    kept = [case for case in cases if case._testMethodName not in NEED_A_PROCESS]
    print(f"exempt on {world().name}, by name: {len(cases) - len(kept)} of {len(cases)}", file=sys.stderr)
    return unittest.TestSuite(kept)


class MainJob(unittest.TestCase):
    def test_1_a_session_from_launch_to_removal_by_cli(self):
        launched = server.cli("launch", "terminal", "--name", "first", "--wait")
        for step in ("admitted", "scheduled", "pulled", "started", "ready", "routed"):
            self.assertIn(step, launched.stdout)
        self.assertRegex(launched.stdout, r"http://first-\w+\.localhost:%d" % server.port)
        server.cli("exec", "first", "--", "sh", "-c", "echo hi > ~/note")
        self.assertEqual(server.cli("exec", "first", "--", "cat", "/home/berth/note").stdout, "hi\n")
        self.assertEqual(server.cli("exec", "first", "--", "sh", "-c", "exit 7", check=False).returncode, 7)
        missing = server.cli("exec", "first", "--", "no-such-program", check=False)
        self.assertEqual(missing.returncode, 127)
        self.assertIn("no-such-program", missing.stderr)
        self.assertEqual(server.cli("exec", "first", "--", "cat", stdin="through\n").stdout, "through\n")
        listed = server.cli("ls").stdout
        self.assertRegex(listed, r"first\s+terminal\s+running")

        server.cli("hibernate", "first", "--wait")
        self.assertEqual(server.phase("first"), "hibernated")
        self.assertEqual(server.world.left(server.session("first")["id"]), [], "no process is left")
        server.cli("wake", "first", "--wait")
        self.assertEqual(server.cli("exec", "first", "--", "cat", "/home/berth/note").stdout, "hi\n", "files survive")

        self.assertEqual(json.loads(server.cli("get", "first", "-o", "json").stdout)["name"], "first")
        server.cli("logs", "first")
        removed = server.cli("rm", "first", "-y", "--wait")
        self.assertIn("first", removed.stdout + removed.stderr)
        self.assertEqual(server.phase("first"), "gone")
        self.assertIn("first", server.cli("workspaces").stdout, "the workspace outlives its session")

    def test_2_a_restart_and_a_kill_of_the_server_change_nothing(self):
        server.cli("launch", "terminal", "--name", "steady", "--wait")
        pid = server.cli("exec", "steady", "--", "sh", "-c", "cat /proc/1/stat | cut -d' ' -f22").stdout
        server.stop()
        server.start()
        self.assertEqual(server.cli("exec", "steady", "--", "sh", "-c", "cat /proc/1/stat | cut -d' ' -f22").stdout, pid)
        server.kill()
        server.start()
        self.assertEqual(server.phase("steady"), "running")
        self.assertEqual(server.cli("exec", "steady", "--", "sh", "-c", "cat /proc/1/stat | cut -d' ' -f22").stdout, pid, "the same process 1")
        server.cli("rm", "steady", "-y", "--wait")

    def test_2_what_was_ready_stays_ready_however_long_it_has_run(self):
        server.add_template("probed", {"command": ["python3", "-m", "http.server", "8000", "--bind", "127.0.0.1"], "ports": [{"name": "http", "port": 8000}],
                                       "readiness": {"tcp": "http"}, "resources": {"cpu": "2", "memory": "128Mi"}},
                            access=[{"name": "page", "component": "main", "port": "http"}], lifecycle={"startWithin": "10s"})
        server.cli("launch", "probed", "--name", "old", "--wait")
        pid = server.cli("exec", "old", "--", "sh", "-c", "cat /proc/1/stat | cut -d' ' -f22").stdout
        time.sleep(11)
        server.stop()
        server.start()
        time.sleep(1)
        self.assertEqual(server.phase("old"), "running")
        self.assertEqual(server.cli("exec", "old", "--", "sh", "-c", "cat /proc/1/stat | cut -d' ' -f22").stdout, pid)
        server.cli("rm", "old", "-y", "--wait")

    def test_3_linked_components_talk(self):
        wait_for("the image of template linked", lambda: server.call("GET", "/api/v1/templates/linked").json()["image"]["state"] == "present", 600)
        server.cli("launch", "linked", "--name", "pair", "--wait")
        session = server.session("pair")
        host = re.match(r"http://([^/]+)", session["url"])[1]
        page = server.call("GET", "/", host=host)
        self.assertEqual(page.status, 200, page)
        self.assertRegex(page.body, "model")
        server.cli("rm", "pair", "-y", "--wait")

    def test_4_names_with_umlauts_work(self):
        server.cli("launch", "terminal", "--name", "Müllers Büro", "--wait")
        self.assertIn("muellers-buero-", server.session("M%C3%BCllers%20B%C3%BCro")["url"])
        server.cli("rm", "Müllers Büro", "-y", "--wait")


class Stay(unittest.TestCase):
    BRIEF = {"hibernateAfter": "16s", "warnBefore": "8s", "grace": "4s"}

    def decisions(self, name):
        answer = server.call("GET", f"/api/v1/sessions/{name}/why").json()
        return [(e["kind"], e["data"].get("reason")) for e in reversed(answer["history"])]

    def test_what_nobody_uses_is_told_of_and_hibernates_with_the_reason(self):
        server.add_template("brief", access=[{"name": "shell", "component": "main", "kind": "terminal"}], lifecycle=self.BRIEF)
        server.cli("launch", "brief", "--name", "forgotten", "--wait")
        stops = server.session("forgotten")["stopsAt"]
        self.assertEqual((stops["reason"], stops["after"], stops["whose"], stops["warned"]), ("idle", "16s", "the template", False))
        # A Berth that was killed just before does not know what people did in its last two minutes.
        wait_for("a warning", lambda: server.session("forgotten").get("stopsAt", {}).get("warned"), 180)
        said = server.cli("why", "forgotten").stdout
        self.assertIn("It hibernates in", said)
        self.assertIn("16s without activity, the limit of the template", said)
        status = server.wait_phase("forgotten", "hibernated", limit=90)["status"]
        self.assertEqual((status["reason"], status["message"]), ("Idle", "16s without activity, the limit of the template"))
        self.assertEqual(self.decisions("forgotten")[-2:], [("session.warned", "idle"), ("session.hibernated", "idle")])
        self.assertIn("It hibernates: 16s without activity", server.cli("why", "forgotten").stdout)
        server.cli("wake", "forgotten", "--wait")
        server.cli("rm", "forgotten", "-y", "--wait")

    def test_whoever_types_or_says_that_something_works_is_left_alone(self):
        server.add_template("typed", access=[{"name": "shell", "component": "main", "kind": "terminal"}], lifecycle=self.BRIEF)
        server.cli("launch", "typed", "--name", "busy", "--wait")
        terminal = WebSocket(server.port, "/api/v1/sessions/busy/terminal", server.url.split("//")[1], {"Authorization": f"Bearer {server.token}"})
        for _ in range(15):
            terminal.send(b" ")
            time.sleep(2)
            self.assertFalse(server.session("busy")["stopsAt"]["warned"])
        terminal.close()
        self.assertEqual(server.session("busy")["lastActive"]["source"], "terminal")
        answer = server.call("POST", "/api/v1/sessions/busy/activity", {"ttl": "30s", "what": "training"})
        self.assertEqual(answer.json()["lease"]["what"], "training", answer)
        time.sleep(20)
        self.assertEqual((server.phase("busy"), server.session("busy")["stopsAt"]["warned"]), ("running", False))
        wait_for("a warning", lambda: server.session("busy").get("stopsAt", {}).get("warned"), 60)
        self.assertIn("hibernates in", server.cli("extend", "busy").stdout)
        wait_for("the warning to be taken back", lambda: not server.session("busy")["stopsAt"]["warned"], 20)
        server.wait_phase("busy", "hibernated", limit=60)
        self.assertEqual(server.call("POST", "/api/v1/sessions/busy/extend").status, 409)
        server.cli("rm", "busy", "-y", "--wait")

    def add_page(self, name, activity, script=""):
        serve = f"mkdir /tmp/page && cd /tmp/page && {script or 'true'} && exec python3 -m http.server 8000 --bind 127.0.0.1"
        server.add_template(name, {"command": ["sh", "-c", serve], "ports": [{"name": "http", "port": 8000}], "readiness": {"tcp": "http"}},
                            access=[{"name": "page", "component": "main", "port": "http", "activity": activity},
                                    {"name": "shell", "component": "main", "kind": "terminal"}], lifecycle=self.BRIEF)

    def stays_up(self, name, seconds):
        end = time.time() + seconds
        while time.time() < end:
            session = server.session(name)
            self.assertEqual((session["status"]["phase"], session["stopsAt"]["warned"]), ("running", False))
            time.sleep(1)

    def test_what_the_template_says_is_no_use_keeps_nothing_up_wakes_nothing_and_is_listed(self):
        self.add_page("polled", {"ignore": ["/poll"]})
        server.cli("launch", "polled", "--name", "tab", "--wait")
        host = re.match(r"http://([^/]+)", server.session("tab")["url"])[1]

        def poll():
            server.call("GET", "/poll?since=1", host=host)
            return server.phase("tab") == "hibernated"
        seen = []

        def note():
            seen[:] = server.call("GET", "/api/v1/sessions/tab/why").json()["uncounted"] or seen
            return poll()
        wait_for("the end of what only an open page uses", note, 300, every=1)
        self.assertEqual(seen[0]["what"], "requests at /poll", seen)
        self.assertGreater(seen[0]["times"], 0)
        time.sleep(3)
        self.assertTrue(poll(), "an open page wakes nothing")
        server.call("GET", "/", host=host, headers={"Sec-Fetch-Mode": "navigate"})
        server.wait_phase("tab", "running")
        server.cli("rm", "tab", "-y", "--wait")

    def test_an_application_tells_itself_whether_it_is_used(self):
        self.add_page("asked", {"probe": {"path": "/status", "jsonPointer": "/busy"}}, """echo '{"busy": true}' >status""")
        server.cli("launch", "asked", "--name", "worker", "--wait")
        self.stays_up("worker", 35)
        self.assertEqual(server.session("worker")["lastActive"]["source"], "probe")
        server.cli("exec", "worker", "--", "rm", "/tmp/page/status")
        time.sleep(40)
        self.assertEqual(server.phase("worker"), "running", "unknown is not idle")
        said = server.cli("why", "worker").stdout
        self.assertIn('the probe of "page" says nothing: HTTP 404', said)
        server.cli("exec", "worker", "--", "sh", "-c", """echo '{"busy": false}' >/tmp/page/status""")
        host = re.match(r"http://([^/]+)", server.session("worker")["url"])[1]
        # As an open page does by itself: a program's request would wake what has stopped.
        poll = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
        wait_for("the end of what nobody uses", lambda: server.call("GET", "/", host=host, headers=poll) and server.phase("worker") == "hibernated", 300, every=1)
        server.cli("rm", "worker", "-y", "--wait")

    def test_what_takes_the_processor_is_left_alone(self):
        server.add_template("floored", access=[{"name": "shell", "component": "main", "kind": "terminal"}], lifecycle=self.BRIEF | {"cpuFloor": "200m"})
        server.cli("launch", "floored", "--name", "burner", "--wait")
        server.cli("exec", "burner", "--", "sh", "-c", "(timeout 45 sh -c 'while :; do :; done' >/dev/null 2>&1 &)")
        self.stays_up("burner", 40)
        self.assertEqual(server.session("burner")["lastActive"]["source"], "cpu")
        server.wait_phase("burner", "hibernated", limit=300)
        server.cli("rm", "burner", "-y", "--wait")

    def test_a_program_that_somebody_waits_for_is_left_alone(self):
        server.add_template("waited", access=[{"name": "shell", "component": "main", "kind": "terminal"}], lifecycle=self.BRIEF)
        server.cli("launch", "waited", "--name", "build", "--wait")
        building = threading.Thread(target=lambda: server.cli("exec", "build", "--", "sleep", "35"))
        building.start()
        self.stays_up("build", 30)
        building.join()
        self.assertEqual(server.session("build")["lastActive"]["source"], "exec")
        server.wait_phase("build", "hibernated", limit=300)
        server.cli("rm", "build", "-y", "--wait")

    def test_a_life_ends_whatever_is_done(self):
        server.add_template("short", access=[{"name": "shell", "component": "main", "kind": "terminal"}], lifecycle={"warnBefore": "6s", "grace": "2s"})
        refused = server.cli("launch", "short", "--max-lifetime", "2s", check=False)
        self.assertIn("lifecycle.maxLifetime: expected 10s to 365d", refused.stderr)
        server.cli("launch", "short", "--name", "mayfly", "--max-lifetime", "14s", "--wait")
        refused = server.call("POST", "/api/v1/sessions/mayfly/extend")
        self.assertEqual((refused.status, refused.json()["code"]), (409, "lifetime_over"))
        status = server.wait_phase("mayfly", "hibernated", limit=60)["status"]
        self.assertEqual((status["reason"], status["message"]), ("LifetimeOver", "14s of running, the limit of this launch"))
        server.cli("rm", "mayfly", "-y", "--wait")


class Files(unittest.TestCase):
    SHELL = [{"name": "shell", "component": "main", "kind": "terminal"}]

    def test_files_of_a_template_are_there_before_it_starts_and_after_every_start(self):
        server.add_template("told", {"command": ["sh", "-c", "cp /tmp/etc/app.toml /tmp/seen && exec sleep infinity"],
                                     "files": [{"path": "/tmp/etc/app.toml", "content": "name = ${session.name}\n"}]}, access=self.SHELL)
        server.cli("launch", "told", "--name", "briefed", "--wait")
        seen = lambda: server.cli("exec", "briefed", "--", "cat", "/tmp/seen").stdout
        self.assertEqual(seen(), "name = briefed\n")
        server.kill()
        server.start()
        self.assertEqual(server.phase("briefed"), "running")
        for verb in ("restart", "hibernate"):
            server.cli(verb, "briefed", "--wait")
            if verb == "hibernate":
                server.cli("wake", "briefed", "--wait")
            self.assertEqual(seen(), "name = briefed\n")
        server.cli("rm", "briefed", "-y", "--wait")

    def test_a_path_that_nobody_may_write_fails_the_start_by_name(self):
        server.add_template("astray", {"command": ["sleep", "infinity"], "files": [{"path": "/etc/berth/app.toml", "content": "x"}]}, access=self.SHELL)
        server.cli("launch", "astray", "--name", "lost", check=False)
        status = server.wait_phase("lost", "failed")["status"]
        self.assertEqual((status["reason"], status["message"]), ("FilesNotWritten", 'component "main": /etc/berth/app.toml: permission denied'))
        server.cli("rm", "lost", "-y", "--wait")


class Quotas(unittest.TestCase):
    def admin(self, *words):
        return server.cli("admin", *words).stdout

    def test_tiers_and_groups_limit_and_are_named(self):
        token, second = server.add_user("tia"), server.add_user("uwe")
        self.admin("tiers", "add", "small", "--running", "1", "--max-lifetime", "60m")
        self.admin("groups", "add", "lab", "--description", "Büro für Müller", "--running", "1")
        self.admin("users", "tier", "tia", "small")
        self.admin("groups", "join", "lab", "tia", "uwe")
        self.assertRegex(self.admin("tiers"), r"small +1 +– +")
        self.assertRegex(self.admin("groups"), r"lab +2 +– +running 1 +Büro für Müller")
        server.cli("launch", "terminal", "--name", "only", "--wait", token=token)
        stops = server.session("only", token=token)["stopsAt"]
        self.assertEqual((stops["reason"], stops["after"], stops["whose"]), ("lifetime", "1h", "tier small"))
        refused = server.cli("launch", "terminal", check=False, token=token)
        self.assertIn("your limit of running sessions is 1 (tier small), and 1 run", refused.stderr)
        self.assertIn('hibernate or delete one of "only"', refused.stderr)
        refused = server.cli("launch", "terminal", check=False, token=second)
        self.assertIn("the limit of running sessions of group lab is 1, and 1 run", refused.stderr)
        self.assertNotIn("only", refused.stderr)
        shown = server.cli("quota", token=token).stdout
        self.assertRegex(shown, r"running +█+ 1 of 1 +tier small")
        self.assertIn("a session stops after 1h of running (tier small)", shown)
        self.assertIn("group lab (Büro für Müller), all members together", shown)
        # Lowered below its use: what runs goes on.
        self.admin("tiers", "set", "small", "--running", "0")
        time.sleep(2)
        self.assertEqual(server.session("only", token=token)["status"]["phase"], "running")
        refused = server.cli("admin", "tiers", "rm", "-y", "small", check=False)
        self.assertIn('tier "small" is that of user tia', refused.stderr)
        refused = server.cli("admin", "groups", "rm", "-y", "lab", check=False)
        self.assertIn('group "lab" has 2 members', refused.stderr)
        server.cli("rm", "only", "-y", "--wait", token=token)
        self.admin("groups", "leave", "lab", "tia", "uwe")
        self.admin("users", "tier", "tia", "none")
        self.admin("groups", "rm", "-y", "lab")
        self.admin("tiers", "rm", "-y", "small")

    def test_what_there_is_no_room_for_waits_for_its_turn(self):
        token = server.add_user("wes")
        self.admin("quota", "--user", "wes", "--running", "1")
        server.add_template("patient", access=[{"name": "shell", "component": "main", "kind": "terminal"}], queue=True)
        server.cli("launch", "patient", "--name", "one", "--wait", token=token)
        queued = server.cli("launch", "patient", "--name", "two", "-o", "json", token=token)
        status = json.loads(queued.stdout)["status"]
        self.assertEqual((status["phase"], status["reason"]), ("pending", "Queued"))
        server.cli("launch", "patient", "--name", "three", token=token)
        whose = "waits for running sessions: your limit of 1 (the user's quota) is in use"
        wait_for("places", lambda: server.session("three", token=token)["status"]["message"] == f"2nd of 2, {whose}", 20)
        again = server.call("POST", "/api/v1/sessions/two/wake", token=token).json()
        self.assertEqual(again["status"]["message"], f"1st of 2, {whose}")
        metrics = server.call("GET", "/metrics").body
        self.assertRegex(metrics, r"berth_queue_depth\{engine=\"\w+\"\} 2\n")
        self.assertRegex(metrics, r'berth_quota_used_ratio\{of="user",resource="running"\} 1\n')
        server.kill()
        server.start()
        self.assertEqual(server.session("two", token=token)["status"]["message"], f"1st of 2, {whose}")
        server.cli("rm", "three", "-y", "--wait", token=token)
        server.cli("hibernate", "one", token=token)
        wait_for("its turn", lambda: server.session("two", token=token)["status"]["phase"] == "running", 60)
        # A wake waits likewise, and gives its place up again.
        waiting = server.call("POST", "/api/v1/sessions/one/wake", token=token).json()
        self.assertEqual(waiting["status"]["reason"], "Queued")
        server.cli("hibernate", "one", "--wait", token=token)
        for name in ("one", "two"):
            server.cli("rm", name, "-y", "--wait", token=token)


class Freeze(unittest.TestCase):
    """Memory is kept and no processor used, until somebody comes. On Kubernetes there is none of it, and it says so."""

    # Counts aloud in one thread and answers with the count in another.
    COUNTING = """
import http.server, threading, time
count = 0
class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        body = str(count).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Page)
server.request_queue_size = 1024
server.socket.listen(1024)
threading.Thread(target=server.serve_forever).start()
while True:
    count += 1
    print(count, flush=True)
    time.sleep(0.05)
"""

    def counting(self, template, **lifecycle):
        server.add_template(template, {"command": ["python3", "-c", self.COUNTING], "ports": [{"name": "http", "port": 8000}], "readiness": {"tcp": "http"}},
                            access=[{"name": "page", "component": "main", "port": "http"}], lifecycle=lifecycle)
        server.cli("launch", template, "--name", template, "--wait")
        return re.match(r"http://([^/]+)", server.session(template)["url"])[1]

    def count(self, name):
        """As it wrote it last: its log is read without it."""
        return int(server.cli("logs", name, "--tail", "5").stdout.split()[-1])

    def decisions(self, name):
        answer = server.call("GET", f"/api/v1/sessions/{name}/why").json()
        return [event["kind"] for event in reversed(answer["history"])]

    def test_it_keeps_its_memory_and_goes_on_where_it_was(self):
        if server.world.name == "kubernetes":
            self.skipTest("a pod cannot be frozen")
        host = self.counting("kept")
        server.cli("freeze", "kept", "--wait")
        self.assertEqual(server.session("kept")["state"], "frozen")
        first = self.count("kept")
        time.sleep(1)
        self.assertEqual(self.count("kept"), first, "it gets no processor")
        self.assertIn("It is frozen because somebody asked for it", server.cli("why", "kept").stdout)
        stranger = server.call("GET", "/", host=host, token=other)
        self.assertEqual((stranger.status, server.phase("kept")), (404, "frozen"))
        answer = server.call("GET", "/", host=host)
        self.assertEqual(answer.status, 200, answer)
        self.assertLess(int(answer.body) - first, 40, "it goes on, and did not start again")
        self.assertGreaterEqual(int(answer.body), first)
        server.wait_phase("kept", "running")
        self.assertEqual((server.session("kept")["status"]["incarnation"], server.session("kept")["lastActive"]["source"]), (1, "request"))
        server.cli("freeze", "kept", "--wait")
        self.assertEqual(server.cli("exec", "kept", "--", "echo", "hi").stdout, "hi\n", "a program thaws it first")
        server.cli("freeze", "kept", "--wait")
        server.cli("wake", "kept", "--wait")
        server.cli("freeze", "kept", "--wait")
        server.cli("restart", "kept", "--wait")
        self.assertEqual(server.session("kept")["status"]["incarnation"], 2)
        server.cli("freeze", "kept", "--wait")
        server.cli("hibernate", "kept", "--wait")
        server.cli("wake", "kept", "--wait")
        server.cli("freeze", "kept", "--wait")
        server.cli("rm", "kept", "-y", "--wait")

    def test_a_terminal_that_was_open_goes_on_when_somebody_types(self):
        if server.world.name == "kubernetes":
            self.skipTest("a pod cannot be frozen")
        server.cli("launch", "terminal", "--name", "typed-on", "--wait")
        terminal = WebSocket(server.port, "/api/v1/sessions/typed-on/terminal", server.url.split("//")[1], {"Authorization": f"Bearer {server.token}"})
        terminal.send(b"echo one\n")
        server.cli("freeze", "typed-on", "--wait")
        time.sleep(1)
        self.assertEqual(server.phase("typed-on"), "frozen", "an open terminal that nobody types in")
        terminal.send(b"echo t$((1+1))wo\n")
        began, seen = time.monotonic(), b""
        while b"t2wo" not in seen and time.monotonic() - began < 10:
            part = terminal.receive(limit=10)
            seen += part if isinstance(part, bytes) else b""
        self.assertIn(b"t2wo", seen)
        self.assertLess(time.monotonic() - began, 2, "at once, not with the next report")
        self.assertEqual(server.session("typed-on")["lastActive"]["source"], "terminal")
        terminal.close()
        server.cli("rm", "typed-on", "-y", "--wait")

    def test_what_nobody_uses_goes_down_the_whole_ladder(self):
        server.add_template("ladder", access=[{"name": "shell", "component": "main", "kind": "terminal"}],
                            lifecycle={"freezeAfter": "10s", "hibernateAfter": "30s", "warnBefore": "6s", "grace": "1s"})
        server.cli("launch", "ladder", "--name", "descending", "--wait")
        if server.world.name == "kubernetes":
            self.assertEqual([rung["what"] for rung in server.session("descending")["ladder"]], ["hibernated"])
            self.assertIn('Engine "kubernetes" cannot freeze it', server.cli("why", "descending").stdout)
            self.assertIn("cannot freeze a session", server.cli("freeze", "descending", check=False).stderr)
        else:
            self.assertEqual([rung["what"] for rung in server.session("descending")["ladder"]], ["frozen", "hibernated"])
            # A Berth that was killed just before does not know what people did in its last two minutes.
            status = server.wait_phase("descending", "frozen", limit=180)["status"]
            self.assertEqual((status["reason"], status["message"]), ("Idle", "10s without activity, the limit of the template"))
            self.assertFalse("session.warned" in self.decisions("descending"), "a freeze loses nothing")
            self.assertIn("It is frozen: 10s without activity", server.cli("why", "descending").stdout)
            wait_for("a warning", lambda: server.session("descending").get("stopsAt", {}).get("warned"), 60)
        server.wait_phase("descending", "hibernated", limit=240)
        server.cli("rm", "descending", "-y", "--wait")

    def test_a_server_killed_between_a_freeze_and_its_record_finds_it_so(self):
        if server.world.name != "container":
            self.skipTest("what runs outlives the server on a machine")
        self.counting("outlived")
        for wait in (0, 0.01, 0.05):
            server.call("POST", "/api/v1/sessions/outlived/freeze")
            time.sleep(wait)
            server.kill()
            server.start()
            server.wait_phase("outlived", "frozen", limit=60)
            first = self.count("outlived")
            time.sleep(0.5)
            self.assertEqual(self.count("outlived"), first)
            server.cli("wake", "outlived", "--wait")
        self.assertEqual(server.session("outlived")["status"]["incarnation"], 1)
        server.cli("rm", "outlived", "-y", "--wait")

    def test_what_somebody_pauses_by_hand_is_made_what_is_wanted(self):
        if server.world.name != "container":
            self.skipTest("there is no engine to pause it with")
        host = self.counting("by-hand")
        handle = server.world.running(server.session("by-hand")["id"])[0]
        server.world.podman("pause", handle)
        self.assertEqual(server.call("GET", "/", host=host).status, 200)
        wait_for("it goes on", lambda: "running" in server.world.podman("inspect", "--format", "{{.State.Status}}", handle).stdout)
        server.wait_phase("by-hand", "running")
        server.cli("rm", "by-hand", "-y", "--wait")

    def test_a_thousand_requests_to_a_hibernated_session_are_one_wake(self):
        if server.world.name == "kubernetes":
            self.skipTest("two cores that also run a cluster take too long for a thousand")
        host = self.counting("beset") if server.world.real else self.pretended("beset")
        session = server.session("beset")["id"]
        server.cli("hibernate", "beset", "--wait")
        with ThreadPoolExecutor(1000) as pool:
            answers = list(pool.map(lambda _: server.call("GET", "/", host=host), range(1000)))
        self.assertEqual({answer.body for answer in answers if answer.status != 200}, set())
        events = server.call("GET", f"/api/v1/sessions/{session}/events?limit=1000").json()["items"]
        self.assertEqual(sum(e["kind"] == "session.woken" and e["class"] == "audit" for e in events), 1)
        self.assertEqual(server.session("beset")["status"]["incarnation"], 2)
        server.cli("rm", "beset", "-y", "--wait")

    def pretended(self, name):
        server.add_template(name, {"ports": [{"name": "http", "port": 8000}]}, access=[{"name": "page", "component": "main", "port": "http"}])
        server.cli("launch", name, "--name", name, "--wait")
        return re.match(r"http://([^/]+)", server.session(name)["url"])[1]


class WakeByAddress(unittest.TestCase):
    def test_a_navigation_wakes_once_and_a_background_poll_wakes_nothing(self):
        server.add_template("page", {"command": ["python3", "-m", "http.server", "8000", "--bind", "127.0.0.1"], "ports": [{"name": "http", "port": 8000}],
                                     "readiness": {"tcp": "http"}}, access=[{"name": "page", "component": "main", "port": "http"}])
        server.cli("launch", "page", "--name", "sleeper", "--wait")
        session = server.session("sleeper")
        host = re.match(r"http://([^/]+)", session["url"])[1]
        self.assertEqual(server.call("GET", "/", host=host).status, 200)
        server.cli("hibernate", "sleeper", "--wait")

        poll = server.call("GET", "/", host=host, headers={"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"})
        self.assertEqual(poll.status, 503)
        self.assertEqual(server.phase("sleeper"), "hibernated")
        stranger = server.call("GET", "/", host=host, token=other, headers={"Sec-Fetch-Mode": "navigate", "Accept": "text/html"})
        self.assertEqual(stranger.status, 404)
        self.assertEqual(server.phase("sleeper"), "hibernated")

        with ThreadPoolExecutor(20) as pool:
            navigation = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept": "text/html"}
            answers = list(pool.map(lambda _: server.call("GET", "/", host=host, headers=navigation), range(20)))
        self.assertTrue(all(a.status in (200, 503) for a in answers), answers[:3])
        wait_for("the page after waking", lambda: server.call("GET", "/", host=host, headers=navigation).status == 200)
        events = server.call("GET", f"/api/v1/sessions/{session['id']}/events").json()["items"]
        self.assertEqual(sum(1 for e in events if e["kind"] == "session.woken" and e["class"] == "audit"), 1, "exactly one wake")
        server.cli("rm", "sleeper", "-y", "--wait")


class Failures(unittest.TestCase):
    def failed(self, template, name, limit=90):
        server.cli("launch", template, "--name", name)
        session = server.wait_phase(name, "failed", limit=limit)
        server.cli("rm", name, "-y", "--wait")
        return session["status"]

    def test_an_image_that_does_not_exist(self):
        server.add_template("no-image", {"image": "localhost/berth/there-is-none:9"})
        status = self.failed("no-image", "ghost")
        self.assertEqual(status["reason"], "ImageNotFound")
        self.assertIn("localhost/berth/there-is-none:9", status["message"])

    def test_an_image_that_exits_at_once_shows_code_and_last_lines(self):
        server.add_template("exits", {"command": ["sh", "-c", "echo no licence found; exit 3"]})
        status = self.failed("exits", "brief")
        self.assertEqual(status["reason"], "Exited")
        self.assertIn("status 3", status["message"])
        self.assertIn("no licence found", "\n".join(status["lastLog"]))

    def test_a_port_that_never_listens(self):
        server.add_template("deaf", {"command": ["sleep", "600"], "ports": [{"name": "http", "port": 8000}], "readiness": {"tcp": "http"}},
                            lifecycle={"startWithin": "4s"}, access=[{"name": "page", "component": "main", "port": "http"}])
        status = self.failed("deaf", "silent")
        self.assertEqual(status["reason"], "StartTimeout")
        self.assertIn("8000", status["message"])

    def test_running_out_of_memory(self):
        server.add_template("greedy", {"command": ["python3", "-c", "x = bytearray(900 << 20)"], "resources": {"memory": "64Mi", "cpu": "1"}, "restart": "never"})
        status = self.failed("greedy", "eater")
        self.assertEqual(status["reason"], "OutOfMemory", status)

    def test_a_killed_container_comes_back(self):
        server.cli("launch", "terminal", "--name", "phoenix", "--wait")
        session = server.session("phoenix")
        handles = server.world.running(session["id"])
        self.assertEqual(len(handles), 1)
        server.world.kill(handles[0])
        wait_for("a restart", lambda: server.session("phoenix")["status"]["components"][0]["restarts"] == 1)
        server.wait_phase("phoenix", "running")
        server.cli("rm", "phoenix", "-y", "--wait")

    def test_a_container_removed_behind_our_back_is_made_again(self):
        server.cli("launch", "terminal", "--name", "lazarus", "--wait")
        session = server.session("lazarus")
        server.cli("exec", "lazarus", "--", "sh", "-c", "echo kept > ~/note")
        before = server.world.running(session["id"])
        self.assertEqual(len(before), 1)
        server.world.remove(before[0])
        wait_for("another container", lambda: (now := server.world.running(session["id"])) and now != before)
        server.wait_phase("lazarus", "running")
        self.assertEqual(server.cli("exec", "lazarus", "--", "cat", "/home/berth/note").stdout, "kept\n")
        server.cli("rm", "lazarus", "-y", "--wait")


class InitSteps(unittest.TestCase):
    IMAGE = "localhost/berth/terminal:1"

    def prepared(self, name, *scripts):
        steps = [{"image": self.IMAGE, "command": ["sh", "-c", script], "env": {"STEP": str(number)}} for number, script in enumerate(scripts, 1)]
        component = {"command": ["sleep", "1000"], "mounts": [{"volume": "home", "path": "/home/berth"}], "init": steps}
        return server.add_template(name, component, volumes=[{"name": "home"}])

    def made(self, name):
        return server.cli("exec", name, "--", "cat", "/home/berth/made").stdout

    def test_they_prepare_a_new_workspace_once(self):
        self.prepared("prepared", "echo $STEP of $BERTH_SESSION by $(id -u):$(id -g) >> /home/berth/made", "echo $STEP >> /home/berth/made")
        launched = server.cli("launch", "prepared", "--name", "fresh", "--wait")
        self.assertIn("initialized", launched.stdout)
        made = "1 of fresh by 1000:0\n2\n"
        self.assertEqual(self.made("fresh"), made)
        session = server.session("fresh")
        self.assertEqual([each["name"] for each in session["status"]["components"]], ["main"], "of the steps nothing is left")
        self.assertEqual(len(server.world.left(session["id"])), 1)
        server.cli("hibernate", "fresh", "--wait")
        server.cli("wake", "fresh", "--wait")
        self.assertEqual(self.made("fresh"), made)
        server.cli("rm", "fresh", "-y", "--wait")
        server.cli("launch", "prepared", "--name", "fresh", "--wait")
        self.assertEqual(self.made("fresh"), made, "the workspace is not new any more")
        server.cli("rm", "fresh", "-y", "--wait")

    def test_one_that_fails_says_why_and_is_tried_again(self):
        self.prepared("stubborn", "echo one >> /home/berth/made",
                      "cd /home/berth; if test -e tried; then echo two >> made; else : > tried; echo no repository; exit 1; fi")
        server.cli("launch", "stubborn", "--name", "again")
        status = server.wait_phase("again", "failed", limit=90)["status"]
        self.assertEqual((status["reason"], status["message"]), ("InitFailed", 'init step 2 of "main" ended with status 1'))
        self.assertIn("no repository", "\n".join(status["lastLog"]))
        self.assertEqual([step["name"] for step in status["steps"] if step["state"] == "failed"], ["initialized"])
        for words in ((), ("--component", "main-init-2")):
            self.assertIn("no repository", server.cli("logs", "again", *words).stdout)
        server.cli("restart", "again")
        wait_for("the second try", lambda: server.session("again")["status"]["incarnation"] == 2)
        server.wait_phase("again", "running", limit=90)
        self.assertEqual(self.made("again"), "one\ntwo\n", "the first step did not run again")
        server.cli("rm", "again", "-y", "--wait")

    def test_a_server_killed_during_a_step_goes_on_with_it(self):
        self.prepared("slow", "echo one >> /home/berth/made; sleep 6", "echo two >> /home/berth/made")
        server.cli("launch", "slow", "--name", "patient")
        wait_for("the first step", lambda: "init step 1" in server.session("patient")["status"]["message"])
        server.kill()
        server.start()
        server.wait_phase("patient", "running", limit=90)
        self.assertEqual(self.made("patient"), "one\ntwo\n")
        server.cli("rm", "patient", "-y", "--wait")


class Refusals(unittest.TestCase):
    def test_unknown_keys_name_the_nearest(self):
        document = {"apiVersion": "berth.dev/v1alpha1", "kind": "Template", "metadata": {"name": "typo"}, "spec": {"componets": []}}
        answer = server.call("POST", "/api/v1/templates", {"document": document})
        self.assertEqual((answer.status, answer.json()["code"]), (400, "unknown_key"))
        self.assertIn("components", answer.json()["next"])
        answer = server.call("POST", "/api/v1/sessions", {"template": "terminal", "nmae": "x"})
        self.assertEqual((answer.status, answer.json()["code"]), (400, "unknown_key"))
        self.assertIn("name", answer.json()["next"])
        done = subprocess.run([str(PROGRAM), "serve"], env=server.environment() | {"BERTH_LISTN": "x"}, capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("BERTH_LISTEN", done.stderr)

    def test_one_idempotency_key_is_one_session(self):
        key = {"Idempotency-Key": "once"}
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: server.call("POST", "/api/v1/sessions", {"template": "terminal", "name": "twin"}, headers=key), range(8)))
        self.assertEqual({a.status for a in answers}, {201}, answers)
        self.assertEqual(len({a.json()["id"] for a in answers}), 1)
        differs = server.call("POST", "/api/v1/sessions", {"template": "terminal", "name": "twin2"}, headers=key)
        self.assertEqual(differs.status, 422)
        server.cli("rm", "twin", "-y", "--wait")

    def test_300_launches_against_a_quota_of_3_give_exactly_3(self):
        token = server.add_user("crowd")
        users = server.call("GET", "/api/v1/users?q=crowd").json()["items"]
        self.assertEqual(server.call("PATCH", f"/api/v1/users/{users[0]['id']}", {"quota": {"sessions": 3, "running": 3}}).status, 200)
        with ThreadPoolExecutor(32) as pool:
            statuses = list(pool.map(lambda i: server.call("POST", "/api/v1/sessions", {"template": "terminal", "name": f"c{i}"}, token=token).status, range(300)))
        self.assertEqual((statuses.count(201), statuses.count(429)), (3, 297), sorted(set(statuses)))
        for item in server.call("GET", "/api/v1/sessions", token=token).json()["items"]:
            server.call("DELETE", f"/api/v1/sessions/{item['id']}", token=token)

    def test_anothers_session_is_not_found_like_a_random_one(self):
        server.cli("launch", "terminal", "--name", "mine", "--wait")
        session = server.session("mine")
        host = re.match(r"http://([^/]+)", session["url"])[1]

        def shape(answer):
            body = answer.json() if answer.body.startswith("{") else {"text": answer.body}
            body.pop("requestId", None)
            return answer.status, json.dumps(body).replace(session["id"], "ID").replace("ses_doesnotexist", "ID")

        routes = json.loads(subprocess.run([str(PROGRAM), "openapi"], capture_output=True, text=True).stdout)["paths"]
        checked = 0
        for path, operations in routes.items():
            if not path.startswith("/api/v1/sessions/{id}"):
                continue
            for method in operations:
                if method not in ("get", "post", "patch", "delete", "put"):
                    continue
                body = {} if method in ("patch", "put") else {"ttl": "1m"} if path.endswith("/activity") else None
                headers = UPGRADE if path.endswith(("/terminal", "/exec", "/vnc")) else None
                path += "?command=true" if path.endswith("/exec") else ""
                theirs = server.call(method.upper(), path.replace("{id}", session["id"]), body, token=other, headers=headers)
                random = server.call(method.upper(), path.replace("{id}", "ses_doesnotexist"), body, token=other, headers=headers)
                self.assertEqual(theirs.status, 404, f"{method} {path}: {theirs}")
                self.assertEqual(shape(theirs), shape(random), f"{method} {path}")
                checked += 1
        self.assertGreater(checked, 8)
        self.assertEqual(server.call("GET", "/", host=host, token=other).status, 404)
        self.assertEqual(server.phase("mine"), "running")
        server.cli("rm", "mine", "-y", "--wait")

    def test_cross_origin_writes_are_refused(self):
        ticket = server.call("POST", f"/api/v1/users/{server.call('GET', '/api/v1/users/me').json()['id']}/sign-in-link").json()["signInLink"].rsplit("/", 1)[1]
        cookie = server.redeem(ticket)
        for origin in ("http://evil.example", f"http://mine-abc.localhost:{server.port}", "null"):
            answer = server.call("POST", "/api/v1/sessions", {"template": "terminal"}, token=None, cookie=cookie, headers={"Origin": origin})
            self.assertEqual((answer.status, answer.json()["code"]), (403, "origin_refused"), origin)
            socket_try = server.call("GET", "/api/v1/events", token=None, cookie=cookie, headers={"Origin": origin} | UPGRADE)
            self.assertEqual(socket_try.status, 403, origin)

    def test_an_unknown_host_is_misdirected(self):
        self.assertEqual(server.call("GET", "/", host="other.example").status, 421)

    def test_a_used_ticket_is_refused(self):
        link = server.call("POST", "/api/v1/users", {"name": "dora"}).json()["signInLink"]
        ticket = link.rsplit("/", 1)[1]
        server.redeem(ticket, password="correct horse battery")
        again = server.call("POST", "/auth/ticket", {"ticket": ticket}, token=None, headers={"Origin": server.url})
        self.assertEqual((again.status, again.json()["code"]), (401, "ticket_invalid"))

    def berth(self, *words):
        return subprocess.run([str(PROGRAM), *words], capture_output=True, text=True, timeout=60, env=server.environment(None))

    def test_a_taken_port_leaves_nothing_behind(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            for verb in (["up", "--no-open"], ["up", "--no-open", "--detach"], ["serve"]):
                done = self.berth(*verb, "--data", server.data + "-second", "--port", str(port), "--engine=sim")
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(f"port {port} ", done.stderr)
                self.assertFalse(os.path.exists(server.data + "-second"), verb)

    def test_a_second_start_says_where_the_first_one_is(self):
        done = self.berth("up", "--data", server.data, "--port", "0", "--no-open")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"at {server.url}, as process {server.process.pid}\n", done.stdout)
        self.assertNotIn("/sign-in/", done.stdout, "it has an administrator")

    def test_a_second_start_gives_the_way_in_while_nobody_has_signed_in(self):
        up = ("up", "--data", server.data + "-new", "--port", str(free_port()), "--engine=sim", "--no-open", "--detach")
        self.addCleanup(subprocess.run, ["rm", "-rf", server.data + "-new"], check=True)
        self.addCleanup(self.berth, "down", "--data", server.data + "-new")
        started, again = self.berth(*up), self.berth(*up)
        self.assertEqual([started.returncode, again.returncode], [0, 0], again.stderr)
        self.assertEqual(started.stdout.count("pulling localhost/berth/terminal:1"), 1, started.stdout)
        links = [re.search(r"http://\S+/sign-in/\S+", said.stdout)[0] for said in (started, again)]
        for link in links:
            state = json.loads(urllib.request.urlopen(link.replace("/sign-in/", "/auth/ticket/")).read())
            self.assertEqual(state, {"kind": "first_admin", "valid": True})

    def test_a_wrong_password_reads_like_a_wrong_name(self):
        answers = [server.call("POST", "/auth/login", {"name": name, "password": "not this one"}, token=None, headers={"Origin": server.url}) for name in ("admin", "nobody")]
        self.assertEqual([a.status for a in answers], [401, 401])
        self.assertEqual(answers[0].json()["detail"], answers[1].json()["detail"])


class Isolation(unittest.TestCase):
    def reach(self, name, host, port):
        """What a connection from inside the session comes to."""
        probe = f"import socket; s = socket.create_connection(('{host}', {port}), timeout=3); print('reached')"
        return server.cli("exec", name, "--", "python3", "-c", probe, check=False).stdout.strip()

    def address_of(self, name):
        probe = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('192.0.2.1', 9)); print(s.getsockname()[0])"
        return server.cli("exec", name, "--", "python3", "-c", probe).stdout.strip()

    @staticmethod
    def answers(address):
        with socket.socket() as probe:
            return probe.connect_ex((address, 80)) == 0

    def test_a_session_reaches_neither_neighbours_nor_the_host_nor_private_addresses(self):
        listening = {"command": ["python3", "-m", "http.server", "8000", "--bind", "0.0.0.0"], "ports": [{"name": "http", "port": 8000}], "readiness": {"tcp": "http"}}
        server.add_template("open-port", listening, access=[{"name": "page", "component": "main", "port": "http"}])
        for name in ("east", "west"):
            server.cli("launch", "open-port", "--name", name, "--wait")
        west = self.address_of("west")
        self.assertEqual(self.reach("west", west, 8000), "reached", "the probe itself works")
        gateway = re.sub(r"\.\d+$", ".1", west)
        with socket.socket() as host_service:
            host_service.bind(("0.0.0.0", 0))
            host_service.listen()
            port = host_service.getsockname()[1]
            for what, address, number in (("another session", west, 8000), ("the host by its bridge", re.sub(r"\.\d+$", ".1", self.address_of("east")), port),
                                          ("the host by another bridge", gateway, port), ("Berth itself", gateway, server.port),
                                          ("metadata", "169.254.169.254", 80), ("private addresses", "10.0.0.1", 80), ("private addresses", "192.168.0.1", 80)):
                self.assertEqual(self.reach("east", address, number), "", f"reached {what} at {address}:{number}")
        for name in ("east", "west"):
            server.cli("rm", name, "-y", "--wait")

    def test_components_of_one_session_reach_each_other_and_names(self):
        component = {"image": "localhost/berth/terminal:1", "resources": {"cpu": "200m", "memory": "128Mi"}}
        serving = {"command": ["python3", "-m", "http.server", "8000", "--bind", "0.0.0.0"], "ports": [{"name": "http", "port": 8000}], "readiness": {"tcp": "http"}}
        document = {"apiVersion": "berth.dev/v1alpha1", "kind": "Template", "metadata": {"name": "siblings"}, "spec": {
            "components": [{"name": "left"} | component | serving, {"name": "right"} | component | serving],
            "access": [{"name": "page", "component": "left", "port": "http"}], "network": {"egress": "none"}}}
        self.assertEqual(server.call("POST", "/api/v1/templates", {"document": document}).status, 201)
        server.cli("launch", "siblings", "--name", "twins", "--wait")
        for one, other in (("left", "right"), ("right", "left")):
            probe = f"import socket; s = socket.create_connection(('{other}', 8000), timeout=3); print('reached')"
            # At once: that it runs means that they reach each other.
            self.assertEqual(server.cli("exec", "twins", "--component", one, "--", "python3", "-c", probe, check=False).stdout.strip(), "reached", f"{one} to {other}")
        name = f"import socket; print(socket.getaddrinfo('{server.world.known_name}', 80)[0][4][0])"
        self.assertTrue(server.cli("exec", "twins", "--component", "left", "--", "python3", "-c", name).stdout.strip(), "names are answered")
        server.cli("rm", "twins", "-y", "--wait")

    def test_a_session_reaches_nothing_of_what_runs_it(self):
        for name in ("north", "south"):
            server.cli("launch", "terminal", "--name", name, "--wait")
        self.assertEqual(self.reach("north", "127.0.0.1", server.world.own_port) if server.world.own_port else "reached", "reached", "the probe itself works")
        closed = server.world.own_addresses(server.session("south")["id"])
        self.assertTrue(closed)
        for what, address, port in closed:
            self.assertEqual(self.reach("north", address, port), "", f"reached {what} at {address}:{port}")
        for name in ("north", "south"):
            server.cli("rm", name, "-y", "--wait")

    @unittest.skipUnless(os.geteuid() == 0, "makes a network namespace")
    def test_the_internet_is_reached_as_the_template_says(self):
        space, link = f"berth-e2e-{os.getpid()}", f"brte{os.getpid() % 100000}"
        ip = lambda *words: subprocess.run(["ip", *words], check=True, capture_output=True)
        # A host that the routes of this machine lead to, with a public and a private address.
        public, private = "11.22.33.2", "10.99.33.2"
        ip("netns", "add", space)
        try:
            ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", space)
            ip("link", "set", link, "up")
            for ours, theirs in (("11.22.33.1/30", f"{public}/30"), ("10.99.33.1/30", f"{private}/30")):
                ip("address", "add", ours, "dev", link)
                ip("-n", space, "address", "add", theirs, "dev", "eth0")
            ip("-n", space, "link", "set", "eth0", "up")
            ip("-n", space, "route", "add", "default", "via", "11.22.33.1")
            site = subprocess.Popen(["ip", "netns", "exec", space, "python3", "-m", "http.server", "80"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=server.data)
            self.addCleanup(site.wait)
            self.addCleanup(site.kill)
            wait_for("the host", lambda: self.answers(public))
            routes = server.world.routes("11.22.33.0/30", "10.99.33.0/30")
            routes.__enter__()
            self.addCleanup(routes.__exit__, None, None, None)
            idle = {"command": ["sleep", "1000"]}
            server.add_template("online", idle)
            server.add_template("offline", idle, network={"egress": "none"})
            for name in ("online", "offline"):
                server.cli("launch", name, "--name", name, "--wait")
            self.assertEqual(self.reach("online", public, 80), "reached", "a public address")
            self.assertEqual(self.reach("online", private, 80), "", "a private address of the same host")
            self.assertEqual(self.reach("offline", public, 80), "", "a public address with egress none")
            for name in ("online", "offline"):
                server.cli("rm", name, "-y", "--wait")
        finally:
            ip("netns", "delete", space)

    def test_a_session_has_no_privileges(self):
        server.cli("launch", "terminal", "--name", "modest", "--wait")
        status = server.cli("exec", "modest", "--", "cat", "/proc/self/status").stdout
        self.assertRegex(status, r"CapEff:\s+0+\n")
        self.assertRegex(status, r"CapBnd:\s+0+\n")
        self.assertRegex(status, r"NoNewPrivs:\s+1")
        self.assertRegex(status, r"Seccomp:\s+2")
        self.assertNotEqual(server.cli("exec", "modest", "--", "id", "-u").stdout.strip(), "0")
        self.assertEqual(server.world.published(server.session("modest")["id"]), "", "nothing is published on the host")
        server.cli("rm", "modest", "-y", "--wait")


class Engine(unittest.TestCase):
    def test_the_engines_service_may_be_killed(self):
        server.cli("launch", "terminal", "--name", "through", "--wait")
        boot = server.cli("exec", "through", "--", "sh", "-c", "cut -d' ' -f22 /proc/1/stat").stdout
        server.world.kill_engine(server)
        self.assertEqual(server.cli("exec", "through", "--", "sh", "-c", "cut -d' ' -f22 /proc/1/stat").stdout, boot, "the session does not need the service")
        wait_for("a launch after the service came back", lambda: server.cli("launch", "terminal", "--name", "later", "--wait", check=False).returncode == 0 or None, 90)
        self.assertEqual(server.phase("through"), "running")
        for name in ("through", "later"):
            server.cli("rm", name, "-y", "--wait")

    def test_a_sweep_removes_what_nobody_has_and_leaves_alone_what_is_not_ours(self):
        session = json.loads(server.cli("launch", "terminal", "--name", "swept", "--wait", "-o", "json").stdout)["id"]
        findings = lambda: {found["name"]: found for found in json.loads(server.cli("admin", "sweep", "--dry-run", "-o", "json").stdout)["findings"]}
        with world().strangers(server, session) as (orphan, foreign):
            server.cli("admin", "sweep")
            wait_for("the orphan is removed", lambda: orphan not in findings(), 30)
            found = findings()
            self.assertEqual((found[foreign]["matter"], found[foreign]["remedy"]), ("foreign", "report"))
            self.assertEqual([name for name, each in found.items() if each["session"] == session], [], "a running session is no finding")
            self.assertEqual(server.phase("swept"), "running")
            self.assertIn(foreign, server.cli("admin", "sweep", "--dry-run").stdout)
        server.cli("rm", "swept", "-y", "--wait")

    def test_doctor_finds_everything_in_order(self):
        options = [f"--{name.replace('_', '-')}={value}" for name, value in server.options.items()]
        done = server.cli("doctor", "--data", server.data + "-doctor", f"--engine={server.engine}", *options, check=False)
        subprocess.run(["rm", "-rf", server.data + "-doctor"], check=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=1)
