"""Several Berths on one database: what one does the others know, who acts, and what becomes of it when they end.

Real processes on a private PostgreSQL. On the simulated engine, which needs nothing; with BERTH_TEST_ENGINE=kubernetes
the cases that need a cluster."""

import calendar
import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, os.path.dirname(__file__))
import postgres
from berth import PROGRAM, free_port, wait_for
from several import Several
from websocket import Closed
from worlds import world

# Twice or thrice what is promised: this machine may have something else to do.
KILLED, STOPPED = 8.0, 1.5
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


def launch(replica, name, **more):
    answer = replica.call("POST", "/api/v1/sessions", {"template": "terminal", "name": name} | more)
    assert answer.status == 201, answer
    return answer.json()["id"]


def phase_of(replica, name):
    answer = replica.call("GET", f"/api/v1/sessions/{name}")
    return answer.json()["status"]["phase"] if answer.status == 200 else "gone"


def wait_running(replica, name, limit=60):
    wait_for(f"{name} running", lambda: phase_of(replica, name) == "running", limit)


class Case(unittest.TestCase):
    def several(self, count=2, **options):
        made = Several(count, **options)
        self.addCleanup(made.close)
        self.addCleanup(lambda: self.show(made))
        return made

    def show(self, several):
        """The logs, when the test has failed."""
        outcome = getattr(self._outcome, "result", None)
        bad = [test for test, _ in (outcome.failures + outcome.errors if outcome else [])]
        if self in bad or not getattr(self._outcome, "success", True):
            print(several.log_text()[-20000:], file=sys.stderr)


class Together(Case):
    def test_what_one_writes_the_others_show_and_act_upon(self):
        several = self.several(3)
        leader = several.leader()
        first, second = several.others(leader)
        launch(first, "mine")
        self.assertEqual(second.session("mine")["name"], "mine", "written before the answer came")
        wait_running(second, "mine")
        self.assertEqual(second.call("POST", "/api/v1/sessions/mine/hibernate").status, 202)
        wait_for("hibernated", lambda: phase_of(first, "mine") == "hibernated", 30)
        self.assertEqual(first.call("DELETE", "/api/v1/sessions/mine").status, 202)
        wait_for("gone", lambda: phase_of(leader, "mine") == "gone", 30)
        self.assertEqual(several.row()[1], 1, "one has led all the time")

    def test_a_name_is_given_once_whoever_is_asked(self):
        several = self.several(3)
        for number in range(10):
            answers = []
            threads = [threading.Thread(target=lambda each=each: answers.append(each.call("POST", "/api/v1/sessions", {"template": "terminal", "name": f"one-{number}"}).status)) for each in several.replicas]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(sorted(answers), [201, 409, 409])

    def test_events_reach_the_clients_of_every_replica_alike(self):
        several = self.several(3)
        feeds = [replica.events() for replica in several.replicas]
        for number in range(6):
            launch(several.replicas[number % 3], f"s{number}")
        heard = []
        for feed in feeds:
            seen = []
            while sum(kind == "session.started" for _, kind, _ in seen) < 6:
                event = feed.json()
                if event.get("subjectKind") == "session":
                    seen.append((event["sequence"], event["kind"], event["subject"]))
            heard.append(seen)
            feed.close()
        shortest = min(map(len, heard))
        self.assertEqual(heard[0][:shortest], heard[1][:shortest])
        self.assertEqual(heard[0][:shortest], heard[2][:shortest])
        numbers = [number for number, _, _ in heard[0]]
        self.assertEqual(numbers, sorted(set(numbers)))

    def test_sockets_live_on_when_another_replica_dies(self):
        several = self.several(3)
        leader = several.leader()
        other, third = several.others(leader)
        feed = other.events()
        leader.end(signal.SIGKILL)
        made = launch(third, "after")
        while not ((event := feed.json()).get("subject") == made and event["kind"] == "session.started"):
            pass
        feed.close()

    def test_a_client_goes_on_at_another_replica_where_it_was(self):
        several = self.several(2)
        one, other = several.replicas
        feed = one.events()
        launch(one, "before")
        last = feed.json()["sequence"]
        one.end(signal.SIGKILL)
        with self.assertRaises((Closed, OSError)):
            while True:
                last = feed.json().get("sequence", last)
        launch(other, "meanwhile")
        feed = other.events(after=last)
        self.assertEqual(feed.json()["sequence"], last + 1, "nothing is missing")
        feed.close()

    def test_the_same_secret_and_sign_in_hold_everywhere(self):
        several = self.several(2)
        one, other = several.replicas
        made = one.call("POST", "/api/v1/users", {"name": "ada"})
        cookie = other.redeem(made.json()["signInLink"].rsplit("/", 1)[1], password="correct horse battery")
        self.assertEqual(one.call("GET", "/api/v1/users/me", token=None, cookie=cookie).json()["name"], "ada")

    def test_doctor_and_metrics_say_who_leads(self):
        several = self.several(2)
        leader = several.leader()
        other = several.others(leader)[0]
        for replica, leads in ((leader, 1), (other, 0)):
            self.assertIn(f"berth_leader {leads}\n", replica.call("GET", "/metrics").body)
            check = next(each for each in replica.call("POST", "/api/v1/engines/check").json()["checks"] if each["name"] == "leader")
            self.assertTrue(check["passed"])
            self.assertEqual("(this one)" in check["message"], bool(leads))
            self.assertIn(leader.holder(), check["message"])


class Parts(Case):
    def test_each_alone_does_its_own_part(self):
        several = self.several(1, roles="api")
        api = several.replicas[0]
        gateway, operator = several.add(roles="gateway"), several.add(roles="operator")
        launch(api, "work")
        wait_running(api, "work")
        self.assertEqual(several.find_leader(), operator)
        host = api.session("work")["access"][0]["url"].split("/")[2] if api.session("work").get("access") else api.session("work")["url"].split("/")[2]
        for replica, own, session in ((api, 200, 421), (gateway, 421, None), (operator, 421, 421)):
            self.assertEqual(replica.call("GET", "/api/v1/users/me").status, own)
            status = replica.call("GET", "/", host=host).status
            self.assertEqual(status, session) if session else self.assertNotEqual(status, 421)
            self.assertEqual(replica.ready(), 200)
            self.assertEqual(replica.call("GET", "/healthz", token=None).status, 200)

    def test_without_one_that_acts_nothing_starts_and_doctor_says_so(self):
        several = self.several(1, roles="api,gateway")
        api = several.replicas[0]
        launch(api, "work")
        time.sleep(1)
        self.assertEqual(phase_of(api, "work"), "pending")
        check = next(each for each in api.call("POST", "/api/v1/engines/check").json()["checks"] if each["name"] == "leader")
        self.assertFalse(check["passed"])
        several.add(roles="operator")
        wait_running(api, "work")

    def test_a_part_that_there_is_not_is_refused_with_the_nearest(self):
        said = subprocess.run([PROGRAM, "serve", "--roles=api,gatway", "--database=postgres://x/y"], capture_output=True, text=True)
        self.assertNotEqual(said.returncode, 0)
        self.assertIn("did you mean gateway?", said.stderr)
        said = subprocess.run([PROGRAM, "serve", "--roles=api"], capture_output=True, text=True)
        self.assertIn("SQLite", said.stderr)


class Leading(Case):
    def measure(self, what, number, rounds, limit):
        several = self.several(2)
        took = []
        for _ in range(rounds):
            seconds, ended = several.time_to_act(number)
            took.append(seconds)
            several.add()
        took.sort()
        print(f"leader {what} -> next acts: {', '.join(f'{each:.2f}' for each in took)} s", file=sys.stderr)
        self.assertLess(took[len(took) // 2], limit)
        return several

    def test_is_taken_over_from_one_that_was_killed(self):
        self.measure("killed", signal.SIGKILL, 5, KILLED)

    def test_is_handed_over_at_once_by_one_that_stops(self):
        self.measure("stopped", signal.SIGTERM, 5, STOPPED)

    def test_is_lost_by_one_that_hangs_and_what_it_then_writes_is_refused(self):
        """Stopped for longer than its lease while it has work and while work goes on, then woken: nothing is done twice."""
        several = self.several(2)
        leader = several.leader()
        other = several.others(leader)[0]
        feed = other.events()
        names = [f"s{number}" for number in range(30)]
        for name in names[:20]:
            launch(other, name)
        time.sleep(0.3)  # In the middle of it.
        leader.send(signal.SIGSTOP)
        for name in names[20:]:
            launch(other, name)
        for name in names[:5]:
            other.call("DELETE", f"/api/v1/sessions/{name}")
        wait_for("another leader", lambda: several.row()[1] == 2, 15)
        time.sleep(1)
        leader.send(signal.SIGCONT)
        for name in names[5:]:
            wait_running(other, name)
        wait_for("five gone", lambda: len(several.sessions(other)) == 25, 30)
        # It has heard that it is none, and serves as one of several.
        wait_for("the deposed one says so", lambda: "not leading any more" in leader.log_text(), 15)
        self.assertEqual(len(several.sessions(leader)), 25)
        self.assertEqual(several.row()[:2], (other.holder(), 2))
        launch(leader, "last")
        wait_running(leader, "last")
        # Of each incarnation one start is told, whoever saw it.
        starts = {}
        while not ((event := feed.json()).get("kind") == "session.started" and event["data"]["name"] == "last"):
            if event.get("kind") == "session.started":
                key = (event["data"]["name"], event["data"]["status"]["incarnation"] if "incarnation" in event["data"]["status"] else 1)
                starts[key] = starts.get(key, 0) + 1
        feed.close()
        self.assertEqual([key for key, count in starts.items() if count > 1], [])

    @unittest.skipUnless(os.path.exists(FAKETIME), "no faketime")
    def test_goes_by_the_databases_clock_when_two_machines_differ(self):
        """30 s apart: neither loses the lead to the other, and each goes on where the other was."""
        # Behind, not ahead: faketime breaks Asio's timers when it adds time.
        behind = {"LD_PRELOAD": FAKETIME, "FAKETIME": "-30s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        several = self.several(2, surroundings={0: behind, 2: behind})
        leader = several.leader()
        other = several.others(leader)[0]
        launch(leader, "first")
        wait_running(other, "first")
        time.sleep(7)
        self.assertEqual(several.row()[:2], (leader.holder(), 1), "held for two leases")
        for number in (signal.SIGKILL, signal.SIGTERM):
            seconds, ended = several.time_to_act(number)
            self.assertLess(seconds, KILLED)
            added = several.add()
            launch(added, f"after-{seconds:.3f}".replace(".", "-"))
            begun = time.monotonic()
            wait_for("all running", lambda: all(item["status"]["phase"] == "running" for item in several.sessions(added).values()), 30)
            self.assertLess(time.monotonic() - begun, 15, "what one dated was due for the other")
        begun = time.time()
        self.assertLess(abs(self.created(added, "dated") - begun), 5, "as the database has it, whoever writes")
        one = added.call("POST", "/api/v1/sessions/first/hibernate")
        self.assertEqual(one.status, 202)
        wait_for("hibernated", lambda: phase_of(added, "first") == "hibernated", 15)

    def created(self, replica, name):
        launch(replica, name)
        return calendar.timegm(time.strptime(replica.session(name)["createdAt"][:19], "%Y-%m-%dT%H:%M:%S"))


class Draining(Case):
    def test_stops_being_ready_hands_over_and_keeps_what_is_open(self):
        several = self.several(2, drain_limit="60s")
        leader = several.leader()
        other = several.others(leader)[0]
        self.assertEqual(leader.ready(), 200)
        feed = leader.events()
        kept = http.client.HTTPConnection("127.0.0.1", leader.port, timeout=30)
        ask = lambda path="/healthz": (kept.request("GET", path, headers={"Host": leader.url.split("//")[1]}), kept.getresponse())[1]
        first = ask()
        first.read()
        self.assertIsNone(first.headers["Connection"])
        leader.send(signal.SIGTERM)
        wait_for("another leader", lambda: several.row()[:2] == (other.holder(), 2), 5, every=0.02)
        # Idle connections hear it with their next answer; new ones are served for a moment.
        last = ask()
        last.read()
        self.assertEqual((last.status, last.headers["Connection"]), (200, "close"))
        answer = leader.call("GET", "/readyz", token=None)
        self.assertEqual((answer.status, answer.json()["code"], answer.headers["Connection"]), (503, "draining", "close"))
        self.assertEqual(leader.call("GET", "/api/v1/users/me").status, 200)
        wait_for("new connections refused", lambda: leader.ready() is None, 15)
        self.assertTrue(leader.runs)
        # What is open goes on as if nothing was.
        made = launch(other, "meanwhile")
        while not ((event := feed.json()).get("subject") == made and event["kind"] == "session.started"):
            pass
        feed.close()
        wait_for("its end, once nobody is left", lambda: not leader.runs, 10)
        self.assertEqual(leader.process.returncode, 0)

    def test_says_goodbye_when_its_time_is_over(self):
        several = self.several(1, drain_limit="2s")
        replica = several.replicas[0]
        feed = replica.events()
        replica.send(signal.SIGTERM)
        begun = time.monotonic()
        with self.assertRaises(Closed) as ended:
            while True:
                feed.receive(20)
        self.assertEqual(ended.exception.code, 1001)
        self.assertGreater(time.monotonic() - begun, 1.5)
        wait_for("its end", lambda: not replica.runs, 10)
        self.assertEqual(replica.process.returncode, 0)

    def test_a_second_signal_ends_it_at_once(self):
        several = self.several(1, drain_limit="60s")
        replica = several.replicas[0]
        feed = replica.events()
        replica.send(signal.SIGTERM)
        wait_for("draining", lambda: replica.ready() == 503, 5)
        replica.send(signal.SIGTERM)
        self.assertEqual(replica.process.wait(3), 128 + signal.SIGTERM)
        with self.assertRaises((Closed, OSError)):
            while True:
                feed.receive(5)

    def test_without_a_limit_it_goes_at_once(self):
        several = self.several(1)
        replica = several.replicas[0]
        feed = replica.events()
        begun = time.monotonic()
        replica.end(signal.SIGTERM, 15)
        # This client does not answer the goodbye while it waits here, and is waited for, for 5 s.
        self.assertLess(time.monotonic() - begun, 10)
        with self.assertRaises(Closed) as ended:
            while True:
                feed.receive(5)
        self.assertEqual(ended.exception.code, 1001)


class Load(threading.Thread):
    """Launches, hibernates and deletes at every replica until told to stop; remembers what was acknowledged."""

    def __init__(self, several, prefix="load", pause=0.02):
        super().__init__(daemon=True)
        self.several, self.prefix, self.pause = several, prefix, pause
        self.wanted, self.refusals, self.unknown = {}, {}, set()
        self.stopping = False
        self.start()

    def ask(self, replica, method, path, body=None):
        """The status, 0 where nobody answered; refusals are counted by their code."""
        try:
            answer = replica.call(method, path, body)
        except OSError:
            return 0
        except http.client.HTTPException:
            return 0
        if answer.status >= 400:
            code = answer.json().get("code", "?")
            self.refusals[code] = self.refusals.get(code, 0) + 1
            if code == "outcome_unknown":
                return 0
        return answer.status

    def run(self):
        number = 0
        while not self.stopping:
            running = [each for each in self.several.replicas if each.runs]
            if not running:
                time.sleep(self.pause)
                continue
            replica = running[number % len(running)]
            name = f"{self.prefix}-{number}"
            number += 1
            status = self.ask(replica, "POST", "/api/v1/sessions", {"template": "terminal", "name": name})
            if status == 201:
                self.wanted[name] = "running"
            elif status == 0:
                self.unknown.add(name)
            if number % 4 == 3 and self.wanted:
                victim = list(self.wanted)[number % len(self.wanted)]
                status = self.ask(replica, "DELETE", f"/api/v1/sessions/{victim}")
                if status in (202, 204):
                    self.wanted[victim] = "gone"
                elif status == 0:
                    self.unknown.add(victim)
            time.sleep(self.pause)

    def end(self):
        self.stopping = True
        self.join(60)

    def settled(self, replica):
        """Whether everything acknowledged is as it should be; what was not answered may be either."""
        there = self.several.sessions(replica)
        for name, state in self.wanted.items():
            if name in self.unknown:
                continue
            phase = there[name]["status"]["phase"] if name in there else "gone"
            if phase != state:
                return False
        return all(item["status"]["phase"] == "running" for item in there.values())


class Database(Case):
    """What becomes of several Berths under load when their database has trouble."""

    def setUp(self):
        self.server = postgres.Postgres()
        self.addCleanup(self.server.close)

    def run_through(self, several, trouble, codes):
        load = Load(several)
        try:
            time.sleep(1.5)
            trouble()
            wait_for("writes again", lambda: any(load.ask(each, "PATCH", "/api/v1/users/me", {"displayName": "Ada"}) < 300 for each in several.replicas), 60)
            time.sleep(1.5)
        finally:
            load.end()
        self.assertGreater(len(load.wanted), 20)
        for replica in several.replicas:
            self.assertTrue(replica.runs, "a replica has ended")
            wait_for("all settled", lambda: load.settled(replica), 90)
            self.assertEqual(replica.ready(), 200)
        print(f"  refused meanwhile: {load.refusals}, unknown: {len(load.unknown)}, acknowledged: {len(load.wanted)}", file=sys.stderr)
        self.assertLessEqual(set(load.refusals), set(codes) | {"not_found", "session_ending", "name_taken"})
        return load

    def test_a_server_that_restarts_costs_refusals_only(self):
        several = self.several(2, server=self.server)

        def trouble():
            for _ in range(2):
                self.server.tell("stop")
                wait_for("not ready", lambda: all(each.ready() == 503 for each in several.replicas), 20)
                self.assertEqual(several.replicas[0].call("GET", "/healthz", token=None).status, 200)
                self.server.tell("start")
                wait_for("ready", lambda: all(each.ready() == 200 for each in several.replicas), 30)

        self.run_through(several, trouble, ["database_unreachable", "outcome_unknown"])

    def test_a_failover_to_a_standby_loses_nothing_that_was_acknowledged(self):
        standby = postgres.Postgres(standby_of=self.server)
        self.addCleanup(standby.close)
        # Else an acknowledged commit may not have reached the standby.
        self.server.set("synchronous_standby_names", "*")
        several = self.several(2, server=self.server, others=(standby,))

        def trouble():
            self.server.tell("stop")
            wait_for("not ready", lambda: all(each.ready() == 503 for each in several.replicas), 20)
            standby.tell("promote")
            standby.set("synchronous_standby_names", None)
            several.server = standby

        self.run_through(several, trouble, ["database_unreachable", "database_read_only", "outcome_unknown"])

    def test_a_server_that_takes_no_changes_is_said_to_be_so(self):
        several = self.several(2, server=self.server)
        one = several.replicas[0]
        launch(one, "before")
        wait_running(one, "before")

        def trouble():
            self.server.set("default_transaction_read_only", "on")
            refused = wait_for("a refusal", lambda: (answer := one.call("POST", "/api/v1/sessions", {"template": "terminal", "name": "x"})).status >= 500 and answer, 15)
            self.assertEqual(refused.status, 503)
            self.assertTrue(refused.json()["detail"], refused)
            self.server.set("default_transaction_read_only", None)

        self.run_through(several, trouble, ["database_unreachable", "database_read_only", "outcome_unknown"])

    @unittest.skipUnless(os.geteuid() == 0, "a small disk is mounted, which needs root")
    def test_a_full_disk_refuses_writes_and_recovers(self):
        self.server.close()
        place = Path(f"/tmp/berth-disk-{os.getpid()}")
        place.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=120m", "tmpfs", place], check=True)
        self.addCleanup(lambda: (subprocess.run(["umount", "-l", place]), place.rmdir()))
        place.chmod(0o755)
        server = postgres.Postgres(directory=str(place / "pg"))
        self.addCleanup(server.close)
        self.server = server
        several = self.several(2, server=server)
        filler = place / "filler"

        def trouble():
            with open(filler, "wb", buffering=0) as file:
                try:
                    while True:
                        file.write(b"x" * 65536)
                except OSError:
                    pass
            one = several.replicas[0]
            refused = wait_for("a refusal", lambda: (answer := one.call("POST", "/api/v1/sessions", {"template": "terminal", "name": f"full-{time.monotonic_ns()}"})).status >= 500 and answer, 60)
            self.assertEqual(refused.status, 503)
            self.assertIn(refused.json()["code"], ("storage_failed", "database_unreachable", "outcome_unknown"))
            time.sleep(2)
            filler.unlink()
            # PostgreSQL that could not write its log at all has given up.
            if not server.sql("SELECT 1", check=False):
                try:
                    server.tell("stop")
                except AssertionError:
                    pass
                server.tell("start")

        self.run_through(several, trouble, ["storage_failed", "database_unreachable", "outcome_unknown"])


def load_tests(loader, suites, pattern):
    """The cases of this engine: the cluster's are in `replicas_cluster.py`."""
    return unittest.TestSuite([case for suite in suites for case in suite])


if __name__ == "__main__":
    unittest.main()
