"""Several Berths outside of a cluster in which their sessions run: what only real pods can show.

On the cluster of `./dev cluster`, or the one that BERTH_TEST_KUBECONFIG names."""

import json
import os
import random
import signal
import sys
import threading
import time
import unittest
import uuid
from pathlib import Path

os.environ.setdefault("BERTH_TEST_ENGINE", "kubernetes")
sys.path.insert(0, os.path.dirname(__file__))
import postgres
from berth import wait_for
from replicas import launch, phase_of, wait_running
from several import Several
from websocket import WebSocket
from worlds import world

LAUNCHES = int(os.environ.get("BERTH_TEST_LAUNCHES", "200"))
KILL_EVERY = 5.0
ECHO = (Path(__file__).parent / "echo.py").read_text()

place = None
several = None


def setUpModule():
    global place, several
    place = world()
    several = Several(3, "kubernetes", **place.options(), looks_at_once=32)
    unittest.addModuleCleanup(clean)
    first = several.replicas[0]
    small = {"command": ["/bin/sh", "-c", "exec sleep 100000"], "user": 1000, "image": "localhost/berth/busybox:cluster", "resources": {"cpu": "10m", "memory": "16Mi"}}
    first.add_template("small", small, lifecycle={"startWithin": "10m"})
    first.add_template("kept", small | {"mounts": [{"volume": "home", "path": "/home/work"}]}, lifecycle={"startWithin": "10m"}, volumes=[{"name": "home", "scope": "workspace", "size": "16Mi"}])
    first.add_template("echo", {"command": ["python3", "-c", ECHO], "user": 1000, "image": "localhost/berth/linked:1", "ports": [{"name": "http", "port": 9000, "scheme": "http"}], "readiness": {"tcp": "http"}},
                       access=[{"name": "echo", "component": "main", "port": "http", "kind": "web", "default": True}])


def clean():
    several.close()
    place.clean(several.replicas[0])


def alive():
    return [replica for replica in several.replicas if replica.runs]


def objects(kinds="pods,services,configmaps,secrets,networkpolicies.networking.k8s.io"):
    """What of sessions there is in the cluster: kind/name -> the session's workload."""
    found = json.loads(place.kubectl("get", kinds, "-l", "berth.dev/workload", "-o", "json"))["items"]
    return {f"{each['kind']}/{each['metadata']['name']}": each["metadata"]["labels"]["berth.dev/workload"] for each in found}


class Sockets(unittest.TestCase):
    def test_through_one_replica_outlive_the_death_of_the_others(self):
        launch(several.replicas[0], "talk", template="echo")
        wait_running(several.replicas[0], "talk", 120)
        session = several.replicas[0].session("talk")
        host = session["access"][0]["url"].split("/")[2]
        leader = several.leader()
        other = several.others(leader)[0]

        def open_one(replica):
            return wait_for("a socket to the session", lambda: try_open(replica), 20)

        def try_open(replica):
            try:
                return WebSocket(replica.port, "/", host, {"Berth-Token": replica.token})
            except AssertionError:
                return None

        mine, doomed = open_one(other), open_one(leader)
        for socket in (mine, doomed):
            socket.send("before")
            self.assertEqual(socket.receive(), "before")
        leader.end(signal.SIGKILL)
        for number in range(40):
            mine.send(f"after {number}")
            self.assertEqual(mine.receive(), f"after {number}")
            time.sleep(0.1)
        again = open_one(other)
        again.send("again")
        self.assertEqual(again.receive(), "again")
        again.close()
        # Another one leads, and the session has not noticed.
        several.leader()
        self.assertEqual(other.session("talk")["status"]["startedAt"], session["status"]["startedAt"])
        mine.send("still")
        self.assertEqual(mine.receive(), "still")
        mine.close()
        leader.start()
        self.assertEqual(other.call("DELETE", "/api/v1/sessions/talk").status, 202)


class Stopped(unittest.TestCase):
    def test_a_leader_that_hung_doubles_nothing_in_the_cluster(self):
        leader = several.leader()
        other = several.others(leader)[0]
        ids = [launch(other, f"hung-{number}", template="small") for number in range(12)]
        time.sleep(0.4)  # In the middle of it.
        leader.send(signal.SIGSTOP)
        epoch = several.row()[1]
        wait_for("another leader", lambda: several.row()[1] > epoch, 15)
        for number in range(4):
            other.call("DELETE", f"/api/v1/sessions/hung-{number}")
        time.sleep(2)
        leader.send(signal.SIGCONT)
        for number in range(4, 12):
            wait_running(other, f"hung-{number}", 120)
        wait_for("the others gone", lambda: all(phase_of(other, each) == "gone" for each in ids[:4]), 60)
        pods = [each for kind, each in objects("pods").items()]
        self.assertEqual(sorted(pods), sorted(set(pods)), "a pod twice")
        for each in ids[4:]:
            other.call("DELETE", f"/api/v1/sessions/{each}")
        wait_for("nothing left", lambda: not set(objects().values()) & set(ids), 90)


class Chaos(unittest.TestCase):
    """Kill -9 of the leader every 5 s during 200 launches and deletions."""

    def test_all_converge_nothing_is_orphaned_and_no_workspace_is_lost(self):
        begun = time.monotonic()
        done = threading.Event()
        kills, problems, made, workspaces, held = [], [], [], [], []

        def kill():
            while not done.wait(KILL_EVERY):
                victim = several.find_leader()
                if not victim:
                    continue
                victim.end(signal.SIGKILL)
                kills.append(time.monotonic() - begun)
                victim.start()

        def ask(method, path, body=None, key=None, want=(200, 201, 202, 204)):
            """At whichever replica answers; what was not answered is asked again with the same key."""
            until = time.monotonic() + 60
            while True:
                try:
                    answer = random.choice(alive()).call(method, path, body, headers={"Idempotency-Key": key} if key else None)
                    if answer.status in want:
                        return answer
                    if answer.status < 500:
                        raise AssertionError(f"{method} {path}: {answer}")
                except (OSError, IndexError, ValueError):
                    pass
                if time.monotonic() > until:
                    raise AssertionError(f"{method} {path}: no answer")
                time.sleep(0.1)

        def life(number):
            """One session: launched, seen running (or not), deleted."""
            template = "kept" if number % 10 == 0 else "small"
            answer = ask("POST", "/api/v1/sessions", {"template": template, "name": f"chaos-{number}"}, key=str(uuid.uuid4())).json()
            made.append(answer["id"])
            if template == "kept":
                workspaces.append(answer["workspace"]["id"])
            if number % 4:
                wait_for(f"chaos-{number} running", lambda: ask("GET", f"/api/v1/sessions/{answer['id']}").json()["status"]["phase"] == "running", 240, every=0.5)
                held.extend([answer["workspace"]["id"]] if template == "kept" else [])
            ask("DELETE", f"/api/v1/sessions/{answer['id']}", want=(202, 204, 404))

        numbers = iter(range(LAUNCHES))
        lock = threading.Lock()

        def work():
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                try:
                    life(number)
                except Exception as problem:
                    problems.append(f"{number}: {problem!r}")

        killer = threading.Thread(target=kill)
        workers = [threading.Thread(target=work) for _ in range(24)]
        for thread in [killer, *workers]:
            thread.start()
        for worker in workers:
            worker.join()
        done.set()
        killer.join()
        took = time.monotonic() - begun
        self.assertEqual(problems, [])
        self.assertEqual(len(set(made)), LAUNCHES)
        replica = alive()[0]
        mine = set(made)
        wait_for("every session gone", lambda: not {item["id"] for item in several.sessions(replica).values()} & mine, 120)
        # Nothing of them is left in the cluster, and everything that people may have in their workspaces is.
        wait_for("nothing left in the cluster", lambda: not objects(), 60)
        settled = time.monotonic() - begun - took
        page = replica.call("GET", "/api/v1/workspaces?all=true&limit=200").json()
        self.assertLessEqual(set(workspaces), {each["id"] for each in page["items"]})
        claims = json.loads(place.kubectl("get", "persistentvolumeclaims", "-o", "json"))["items"]
        self.assertEqual([each["metadata"]["name"] for each in claims if "deletionTimestamp" in each["metadata"]], [])
        kept = [each for each in claims if each["metadata"]["labels"].get("berth.dev/instance")]
        self.assertGreaterEqual(len(kept), len(held))
        self.assertGreater(len(held), 0)
        said = several.log_text()
        epoch = several.row()[1]
        self.assertGreater(len(kills), 2)
        print(f"{LAUNCHES} launches and deletions in {took:.0f} s, leader killed {len(kills)} times (epoch {epoch}), settled {settled:.1f} s later; "
              f"{len(workspaces)} workspaces, {len(kept)} claims; writes refused as of a deposed leader: {said.count('deposed')}", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
