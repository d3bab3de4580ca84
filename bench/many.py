"""Thousands of sessions on pretended nodes: memory, requests, restarts, many launches at once, and who leads."""

import concurrent.futures
import contextlib
import json
import math
import re
import subprocess
import time

from kubernetes import Api
from measure import PROGRAMS, ROUNDS, Figures, Line, cpu_seconds, directory, free_port, resident_mib, wait_for
from page import PAGE
from database import postgres
from simulated import ACCOUNT, NAMESPACE, NODES, Server, seconds, settle, simulated

SESSIONS, RUNNING, AT_ONCE = 10_000, 1_000, 500
REST = 60              # Seconds in which nothing should be written.
INSTANCE = "be9cbe9c"  # Of bench/seed.cpp.
REQUESTS_MAX = 32      # Of src/kube/client.hpp.
PAGE_OF_A_LIST = 500   # Of src/kube/watch.hpp.
LATER = 6              # Seconds within which resources tell of what is on its way (src/operator/mirror/mirror.hpp).


def claim(number):
    labels = {"app.kubernetes.io/managed-by": "berth", "berth.dev/instance": INSTANCE}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": f"berth-bench-home-{number:05}", "namespace": NAMESPACE, "labels": labels},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}


def add_claims(cluster, scratch, count):
    """What stopped sessions leave in a cluster."""
    path = f"/api/v1/namespaces/{NAMESPACE}/persistentvolumeclaims"
    apis = [Api(cluster.place / "kubeconfig", scratch) for _ in range(4)]

    def add(api, numbers):
        for number in numbers:
            api.call("POST", path, claim(number))
    with concurrent.futures.ThreadPoolExecutor(len(apis)) as pool:
        list(pool.map(add, apis, [range(first, count, len(apis)) for first in range(len(apis))]))


def writes_of(server, what):
    """The writes that it leads to, as the API server wrote them down, and what it gave."""
    start = server.cluster.audit_size()
    given = what()
    settle(server, LATER)
    return [one for one in server.cluster.berth_asked(start) if one.writes], given


def writes_of_one(server, name):
    """The writes of a first launch, which makes a workspace too, of a launch on a workspace that is there, and of a stop."""
    def launch():
        session = server.ask("POST", "/api/v1/sessions", {"template": "terminal", "name": name})["id"]
        server.wait_phase(session, "running")
        return session

    def end(session):
        server.ask("DELETE", f"/api/v1/sessions/{session}")
        server.wait_phase(session, "gone")

    def stop(session):
        server.ask("POST", f"/api/v1/sessions/{session}/hibernate")
        server.wait_phase(session, "hibernated")

    first, session = writes_of(server, launch)
    writes_of(server, lambda: end(session))
    again, session = writes_of(server, launch)
    stopped, _ = writes_of(server, lambda: stop(session))
    writes_of(server, lambda: end(session))
    return first, again, stopped


def count_by_kind(asked):
    kinds = {}
    for one in asked:
        kinds[f"{one.verb} {one.resource}"] = kinds.get(f"{one.verb} {one.resource}", 0) + 1
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "none"


def most_at_once(asked):
    """The most requests that the API server had of Berth at one time; watches stay open and do not count."""
    moments = sorted([(one.began, 1) for one in asked if one.verb != "watch"] +
                     [(one.ended, -1) for one in asked if one.verb != "watch"])
    most = now = 0
    for _, step in moments:
        now += step
        most = max(most, now)
    return most


class Restart:
    """Berth is killed, some pods vanish, and it is started again: how long until all is as it should be?"""

    LOST = 10

    def __init__(self, server, sessions):
        cluster = server.cluster
        server.kill()
        lost = sessions[:self.LOST]
        names = [f"{one.replace('_', '-')}-main" for one in lost]
        cluster.kubectl("-n", NAMESPACE, "delete", "pods", *names, "--grace-period=0", "--force")
        start, began, wall = cluster.audit_size(), time.monotonic(), time.time()
        server.start()
        wait_for("Berth is at rest again", lambda: self.is_whole(server, lost, wall), limit=120, every=0.05)
        self.seconds = time.monotonic() - began
        self.memory, self.peak = resident_mib(server.process.pid), resident_mib(server.process.pid, "VmHWM")
        settle(server)
        self.asked = cluster.berth_asked(start)
        self.pages = sum(one.verb == "list" for one in self.asked)
        self.single = sum(one.verb == "get" and f"/namespaces/{NAMESPACE}/" in one.uri and not one.name.startswith("berth-init")
                          for one in self.asked)

    @staticmethod
    def is_whole(server, lost, since):
        for one in lost:
            status = server.ask("GET", f"/api/v1/sessions/{one}")["status"]
            if status["phase"] != "running" or seconds(status["startedAt"]) < since - 0.001:
                return False
        before = cpu_seconds(server.process.pid)
        time.sleep(0.5)
        return cpu_seconds(server.process.pid) - before <= 0.03


def add_burst_template(server):
    component = {"name": "main", "image": PAGE, "command": ["/page"], "resources": {"cpu": "50m", "memory": "64Mi"},
                 "ports": [{"name": "web", "port": 8080}]}
    document = {"apiVersion": "berth.dev/v1alpha1", "kind": "Template", "metadata": {"name": "burst"}, "spec": {"components": [component]}}
    server.ask("POST", "/api/v1/templates", {"document": document})


def launch_at_once(server, count):
    """Ids of sessions, each asked for by a user of its own (bench/seed.cpp)."""
    threads = 8

    def launch(numbers):
        with server.connection() as connection:
            return [server.ask("POST", "/api/v1/sessions", {"template": "burst"}, connection, f"brt_bench_{number:03}")["id"]
                    for number in numbers]
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(launch, [range(first, count, threads) for first in range(threads)]), [])


def union(intervals):
    total, until = 0.0, -math.inf
    for began, ended in sorted(intervals):
        total += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return total


def clip(intervals, began, ended):
    return [(max(one, began), min(other, ended)) for one, other in intervals if one < ended and other > began]


def at_the_limit(server, start):
    """When a request of Berth waited for one of the places that it may have in flight, by its log from size `start` on."""
    waits = []
    for line in (server.data / "log").read_bytes()[start:].decode().splitlines():
        said = json.loads(line) if line.startswith("{") else {}
        if said.get("message") == "the cluster was asked" and said["waited_ms"] != "0":
            began = seconds(said["time"]) - int(said["took_ms"]) / 1000
            waits.append((began - int(said["waited_ms"]) / 1000, began))
    return waits


class Launch:
    """One launch among many: how long it took, and who was busy with it meanwhile."""

    def __init__(self, session, asked, full):
        began, name = seconds(session["createdAt"]), session["id"].replace("_", "-")
        self.whole = session["status"]["timings"]["routed"]
        ended = began + self.whole
        mine = [one for one in asked if one.name.startswith(name)]
        ours = [(one.began, one.ended) for one in mine if one.user == ACCOUNT]
        made = max(one.ended for one in mine if (one.user, one.verb, one.resource) == (ACCOUNT, "create", "pods"))
        runs = min(one.ended for one in mine if one.user != ACCOUNT and one.ended > made)
        self.api = union(clip(ours, began, ended))
        self.cluster = runs - made
        self.full = union(clip(full, began, ended))
        self.own = self.whole - union(clip([*ours, *full, (made, runs)], began, ended))


def spaced(number):
    return f"{number:,}".replace(",", " ")


def percentile(values, share):
    return sorted(values)[math.ceil(share * len(values)) - 1]


def burst(server):
    """Many launches at once, what Berth asked for them, and how long it took until all ran."""
    cluster = server.cluster
    start, log = cluster.audit_size(), (server.data / "log").stat().st_size
    before, began = server.count("running"), time.monotonic()
    ids = launch_at_once(server, AT_ONCE)
    wait_for("all launches run", lambda: server.count("running") == before + AT_ONCE, limit=180, every=0.1)
    whole = time.monotonic() - began
    settle(server)
    asked, full = cluster.audit(start), at_the_limit(server, log)
    launches = [Launch(server.ask("GET", f"/api/v1/sessions/{one}"), asked, full) for one in ids]
    return launches, [one for one in asked if one.user == ACCOUNT], whole


def many(_):
    """10 000 sessions, 1 000 of them running: requests, memory and restarts."""
    with directory() as place, simulated() as cluster:
        subprocess.run([PROGRAMS / "seed", place / "berth.db", str(SESSIONS), str(RUNNING)], check=True, timeout=300)
        add_claims(cluster, place, SESSIONS)
        with Server(cluster, place, free_port(), cluster_requests=REQUESTS_MAX, log_level="debug", log_format="json") as server:
            wait_for("the woken sessions run", lambda: server.count("running") == RUNNING, limit=300, every=0.5)
            settle(server, LATER)
            start = cluster.audit_size()
            time.sleep(REST)
            rest = cluster.berth_asked(start)
            print("at rest:", count_by_kind(rest), flush=True)
            one_by_one = [writes_of_one(server, f"cold-{number}") for number in range(2)]
            sessions = [f"ses_{number:012}" for number in range(RUNNING)]
            restarts = [Restart(server, sessions[n * Restart.LOST:]) for n in range(ROUNDS)]
            for one in restarts:
                print("restart:", one.seconds, one.memory, one.peak, count_by_kind(one.asked), flush=True)
    first, again, stopped = ([len(writes) for writes in kind] for kind in zip(*one_by_one))
    # Five kinds of what runs; claims, sessions and workspaces; templates. A page may be begun.
    pages = sum(-(-count // PAGE_OF_A_LIST) + 1 for count in [RUNNING] * 5 + [SESSIONS] * 3 + [2])
    of = f"{spaced(SESSIONS)} sessions, {spaced(SESSIONS - RUNNING)} of them stopped"
    lines = [
        Line("API writes of a cold launch", "writes", Figures(again), at_most=9),
        Line("API writes of a cold launch that makes its workspace too", "writes", Figures(first), at_most=9),
        Line("API writes of a stop", "writes", Figures(stopped), at_most=4),
        Line(f"API writes at rest, {spaced(RUNNING)} sessions running", "writes per minute",
             Figures([sum(one.writes for one in rest)]), at_most=0),
        Line(f"{of}: memory of the server", "MiB resident", Figures([one.memory for one in restarts]), at_most=256),
        Line(f"{of}: from a restart to rest", "s", Figures([one.seconds for one in restarts]), at_most=20),
        Line(f"{of}: reads of a restart", "pages of lists", Figures([one.pages for one in restarts]), at_most=pages),
        Line(f"{of}: reads of single sessions' objects", "reads", Figures([one.single for one in restarts]), at_most=0)]
    how = (f"A real API server, controllers and scheduler, {NODES} nodes that kwok pretends, and for all pods one program of ours "
           "as process 1 (bench/pods.cpp) that proves each workload's own key. Requests are those that the API server wrote down "
           f"of Berth's account (its audit log), without watches. {SESSIONS} sessions with a claim each were written through the "
           f"store, and {RUNNING} of them woken by Berth, with the custom resources that show them. A cold launch on a workspace "
           f"of before: {count_by_kind(one_by_one[0][1])}; with a new one: {count_by_kind(one_by_one[0][0])}; a stop: "
           f"{count_by_kind(one_by_one[0][2])}. A restart: SIGKILL, {Restart.LOST} running pods deleted meanwhile, `berth serve` "
           "until these run again and the server has used no more than 30 ms of a processor in half a second; memory (VmRSS) "
           f"then, at its peak {max(one.peak for one in restarts):.0f} MiB.")
    return lines, how


def at_once(_):
    """500 launches at once, beside 100 sessions that run and 900 that do not."""
    with directory() as place, simulated() as cluster:
        subprocess.run([PROGRAMS / "seed", place / "berth.db", "1000", "100"], check=True, timeout=300)
        add_claims(cluster, place, 1000)
        with Server(cluster, place, free_port(), cluster_requests=REQUESTS_MAX, looks_at_once=64, log_level="debug", log_format="json") as server:
            wait_for("the woken sessions run", lambda: server.count("running") == 100, limit=300, every=0.5)
            settle(server)
            add_burst_template(server)
            launches, asked, whole = burst(server)
    own = [one.own for one in launches]
    middle = {what: percentile([getattr(one, what) for one in launches], .5) for what in ("whole", "full", "cluster", "own")}
    lines = [Line(f"{AT_ONCE} launches at once: until all run", "s", Figures([whole])),
             Line(f"{AT_ONCE} launches at once: our own time, p99", "s", Figures([percentile(own, .99)]), at_most=1),
             Line(f"{AT_ONCE} launches at once: in flight at the API server", "requests", Figures([most_at_once(asked)]),
                  at_most=REQUESTS_MAX)]
    how = (f"On pretended nodes as in **many**: {AT_ONCE} launches, asked for by 8 clients as fast as they were taken, each with a "
           "user of its own, with `looksAtOnce: 64` as the chart has it. Our own time of a launch is its whole time (from the ask until its route is there, by the status) "
           "without the time in which the API server had a request for it, the cluster had its pod to start (from the pod's "
           "creation until kwok said that it runs), or requests of Berth waited because it had the "
           f"{REQUESTS_MAX} in flight that it may have. Medians: whole {middle['whole']:.2f} s, of which requests waited for a place "
           f"{middle['full']:.2f} s and the cluster started the pod {middle['cluster']:.2f} s; own {middle['own']:.2f} s. API "
           "server, scheduler, kwok and Berth share the two cores.")
    return lines, how


def epoch_of(server):
    """Of its last leadership, as it wrote in its log; 0: never led."""
    log = (server.data / "log").read_text()
    return max([int(found) for found in re.findall(r"(?<!not )leading\b.*?epoch\W+(\d+)", log)], default=0)


def take_over(servers, end):
    """Seconds from the end of who leads until another has sent the first write for a session asked for right after."""
    leading, other = sorted(servers, key=epoch_of, reverse=True)
    start, began = other.cluster.audit_size(), time.time()
    end(leading)
    session = other.ask("POST", "/api/v1/sessions", {"template": "burst"})["id"]
    other.wait_phase(session, "running")
    leading.process.wait(30)
    acted = min(one.began for one in other.cluster.berth_asked(start) if one.writes and one.name.startswith(session.replace("_", "-")))
    other.ask("DELETE", f"/api/v1/sessions/{session}")
    other.wait_phase(session, "gone")
    leading.start()
    # Long enough to have asked for the lead once in vain.
    time.sleep(2)
    return acted - began


def leader(_):
    """Two Berths on one database: the one that acts goes."""
    count = 5
    with directory() as place, postgres() as home, simulated() as cluster, contextlib.ExitStack() as stack:
        subprocess.run(["psql", "-q", "-h", home, "-U", "postgres", "-c", "CREATE DATABASE berth"], check=True)
        database = f"postgres://postgres@/berth?host={home}"
        subprocess.run([PROGRAMS / "seed", database, "0", "0"], check=True, timeout=60)
        servers = []
        for name in ("one", "two"):
            (place / name).mkdir()
            servers.append(stack.enter_context(Server(cluster, place / name, free_port(), database=database)))
        add_burst_template(servers[0])
        wait_for("one leads", lambda: max(map(epoch_of, servers)) > 0)
        killed = [take_over(servers, lambda one: one.process.kill()) for _ in range(count)]
        stopped = [take_over(servers, lambda one: one.process.terminate()) for _ in range(count)]
    lines = [Line("Leader killed, until another acts", "s", Figures(killed), at_most=4),
             Line("Leader stopped politely, until another acts", "s", Figures(stopped), at_most=0.5)]
    how = (f"Two `berth serve` on one PostgreSQL and one API server (of pretended nodes); {count} times the one that leads gets "
           "SIGKILL, then as often SIGTERM, and is started again. Right after the signal a session is launched at the other: until "
           "the API server receives the first write for it, by its own audit log.")
    return lines, how
