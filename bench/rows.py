"""The measurements. Each gives its lines and a sentence on how it was done."""

import contextlib
import json
import os
import subprocess
import sys
import time
import types

import kubernetes
import many
import peers
import quotas
import wake
from measure import (BERTH, LOAD_CORE, PROGRAMS, ROOT, ROUNDS, Figures, Line, cpu_seconds, directory, fetch, first_line, free_port,
                     process, resident_mib, wait_for)
from page import PAGE, page_image, podman
from database import postgres

sys.path.insert(0, str(ROOT / "tests/e2e"))
import berth as e2e  # noqa: E402

ROUTES = 10_000
LOAD_SECONDS = 5


def said(words, **options):
    """The JSON that a program prints."""
    done = subprocess.run([str(word) for word in words], check=True, stdout=subprocess.PIPE, text=True, timeout=300, **options)
    return json.loads(done.stdout.split("RESULT ")[-1])


def on_load_core():
    os.sched_setaffinity(0, {LOAD_CORE})


def run_wrk(proxy, cookie, seconds):
    words = ["wrk", "-t8", "-c64", f"-d{seconds}s", "--latency", "-s", ROOT / "bench/wrk.lua",
             f"http://127.0.0.1:{proxy.port}/", "--", proxy.port, cookie]
    result = said(words, preexec_fn=on_load_core)
    if result["failed"]:
        raise RuntimeError(f"{proxy.name}: {result['failed']} requests failed")
    return result["requests"]


def run_tunnels(proxy, cookie, seconds):
    words = [PROGRAMS / "ws_load", "client", proxy.port, 16, seconds, cookie]
    return said(words, preexec_fn=on_load_core)["bytes"]


def alternate(proxies, load, cookie):
    """Units of work per CPU second of each proxy, ROUNDS runs of each in turn; by name."""
    for proxy in proxies:
        load(proxy, cookie, 1)
    runs = {proxy.name: [] for proxy in proxies}
    for _ in range(ROUNDS):
        for proxy in proxies:
            before = cpu_seconds(proxy.pid)
            amount = load(proxy, cookie, LOAD_SECONDS)
            runs[proxy.name].append(amount / (cpu_seconds(proxy.pid) - before))
    return {name: Figures(values) for name, values in runs.items()}


APPLICATION = """
daemon off; worker_processes 1; pid {directory}/application.pid; error_log stderr error;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 1000000000;
    client_body_temp_path {directory}/application; proxy_temp_path {directory}/application;
    fastcgi_temp_path {directory}/application; uwsgi_temp_path {directory}/application;
    scgi_temp_path {directory}/application;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location / {{ default_type text/plain; return 200 "{body}"; }}
    }}
}}
"""


def gateway(chp_package):
    """Small answers over kept connections, many routes."""
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(directory())
        upstream = free_port()
        (place / "application").mkdir()
        file = place / "application.conf"
        file.write_text(APPLICATION.format(directory=place, port=upstream, body="x" * 128))
        stack.enter_context(process(["nginx", "-p", place, "-c", file], LOAD_CORE))
        wait_for("the application answers", lambda: fetch(upstream, "localhost") == 200)
        berth = stack.enter_context(peers.berth(ROUTES, upstream))
        others = [stack.enter_context(peers.nginx(ROUTES, upstream, place)),
                  stack.enter_context(peers.haproxy(ROUTES, upstream, place)),
                  stack.enter_context(peers.chp(ROUTES, upstream, chp_package))]
        cookie = f"{berth.cookie}={peers.COOKIE}"
        for proxy in (berth, *others):
            peers.check(proxy, ROUTES, cookie)
        figures = alternate([berth, *others], run_wrk, cookie)
    what, unit = "Gateway, 128-byte answers", "requests per CPU second"
    goals = {"nginx": 1.0, "configurable-http-proxy": 15}
    lines = [Line(what, unit, figures["Berth"], proxy.name, figures[proxy.name], at_least=goals.get(proxy.name))
             for proxy in others]
    how = (f"wrk with 64 keep-alive connections for {LOAD_SECONDS} s a run (8 threads, each asking for one of the 10 000 "
           "hosts, with a browser's headers and a sign-in cookie) through one worker of each proxy on a core of its own; wrk "
           "and the application (nginx answering 128 bytes) share another core. nginx and HAProxy look the host up in a map "
           "of 10 000; configurable-http-proxy got its 10 000 routes through its API. Berth is its server and gateway with "
           "the routes in memory; it also compares the cookie with what it knows of the connection, which the others do not.")
    return lines, how


def tunnel(chp_package):
    """Large WebSocket messages through an upgraded connection."""
    routes = 16
    with contextlib.ExitStack() as stack:
        places = [stack.enter_context(directory()) for _ in range(2)]
        upstream = free_port()
        echo = stack.enter_context(process([PROGRAMS / "ws_load", "echo", upstream], LOAD_CORE, stdout=subprocess.PIPE))
        first_line(echo)
        berth = stack.enter_context(peers.berth(routes, upstream))
        others = [stack.enter_context(peers.nginx(routes, upstream, places[0])),
                  stack.enter_context(peers.haproxy(routes, upstream, places[0])),
                  stack.enter_context(peers.nginx(routes, upstream, places[1], buffers=65536)),
                  stack.enter_context(peers.haproxy(routes, upstream, places[1], buffers=65536)),
                  stack.enter_context(peers.chp(routes, upstream, chp_package))]
        for proxy in others[2:4]:
            proxy.name += " with 64 KiB buffers"
        cookie = f"{berth.cookie}={peers.COOKIE}"
        figures = alternate([berth, *others], run_tunnels, cookie)
    figures = {name: Figures([value / 1e9 for value in one.runs]) for name, one in figures.items()}
    goals = {proxy.name: 1.2 for proxy in others[:2]}
    lines = [Line("Gateway, 64 KiB WebSocket messages", "GB per CPU second", figures["Berth"], proxy.name,
                  figures[proxy.name], at_least=goals.get(proxy.name)) for proxy in others]
    how = (f"16 WebSocket connections to 16 hosts, each sending a message of 64 KiB and waiting for its echo, for "
           f"{LOAD_SECONDS} s a run; the bytes of both directions count. Load and echo server (bench/ws_load.cpp) share one "
           "core, the proxy has another. nginx and HAProxy were measured with the buffers they have by default, which the "
           "goal speaks of, and with 64 KiB, which is what Berth takes for a tunnel.")
    return lines, how


def creates(_):
    """Sessions on the disk a second."""
    rows, single_rows, writers = 20_000, 4_000, 256
    grouped, singly = [], []
    for _ in range(ROUNDS):
        with directory() as place:
            one = said([PROGRAMS / "store_load", "grouped", place / "grouped.db", rows, writers])
            grouped.append(one["rows"] / one["seconds"])
            one = said([PROGRAMS / "store_load", "singly", place / "singly.db", single_rows])
            singly.append(one["rows"] / one["seconds"])
    lines = [Line(f"Durable creates, {writers} at once", "creates per second", Figures(grouped), "SQLite, one a commit",
                  Figures(singly), at_least=10)]
    how = (f"{writers} writers at once, each inserting a session and its event through the store as soon as its last is on "
           f"the disk ({rows} in all), beside the same two rows in a transaction of their own by prepared statements of plain "
           f"SQLite ({single_rows} in all): the same schema, WAL, synchronous=FULL, the same disk. The ratio depends on how "
           "long the disk takes to sync: the slower, the larger.")
    return lines, how


def creates_on_postgres(_):
    """The same on a PostgreSQL server."""
    rows, single_rows, writers = 20_000, 4_000, 256
    grouped, singly = [], []
    with postgres() as place:
        def run(kind, *numbers):
            name = f"{kind}_{len(grouped)}"
            subprocess.run(["psql", "-q", "-h", place, "-U", "postgres", "-c", f"CREATE DATABASE {name}"], check=True)
            one = said([PROGRAMS / "store_load", kind, f"postgres://postgres@/{name}?host={place}", *numbers])
            return one["rows"] / one["seconds"]
        for _ in range(ROUNDS):
            singly.append(run("singly", single_rows))
            grouped.append(run("grouped", rows, writers))
    lines = [Line(f"Durable creates on PostgreSQL, {writers} at once", "creates per second", Figures(grouped),
                  "libpq, one a commit", Figures(singly), at_least=5)]
    how = (f"{writers} writers at once through the store ({rows} sessions with their events), beside the same two rows in a "
           f"transaction of their own by prepared statements of plain libpq ({single_rows}): the same server on a Unix socket, "
           "fsync and synchronous_commit on, the same disk, a new database each. Server and client share the two cores. The "
           "longer the disk takes to sync and the farther the server is, the larger the ratio.")
    return lines, how


def answers_ready(port):
    return fetch(port, f"localhost:{port}", "/readyz", limit=5) == 200


def start(_):
    """A server with many stopped sessions."""
    sessions, memory, answering, whole = 10_000, [], [], []
    for _ in range(ROUNDS):
        with directory() as place:
            subprocess.run([PROGRAMS / "seed", place / "berth.db", str(sessions)], check=True, timeout=300)
            port = free_port()
            words = [BERTH, "serve", f"--data-directory={place}", f"--listen=127.0.0.1:{port}", "--starter-catalog=false"]
            with open(place / "log", "wb") as log:
                began = time.monotonic()
                with process(words, stdout=subprocess.PIPE, stderr=log) as started:
                    wait_for("/readyz", lambda: started.poll() is not None or answers_ready(port), every=0.005)
                    answering.append(time.monotonic() - began)
                    first_line(started)  # Throws when it has ended instead.
                    whole.append(time.monotonic() - began)
                    # What the start still does goes into the memory too.
                    time.sleep(3)
                    memory.append(resident_mib(started.pid))
            e2e.remove_leftovers(types.SimpleNamespace(data=str(place)))
    of = "10 000 stopped sessions"
    lines = [Line(f"{of}: from start to /readyz", "s", Figures(answering), at_most=3),
             Line(f"{of}: until every route and the engine is there", "s", Figures(whole)),
             Line(f"{of}: memory of the server", "MiB resident", Figures(memory), at_most=256)]
    how = ("A database with 10 000 hibernated sessions of 100 users, a workspace and three events each, written through the "
           "store; `berth serve` with the container engine, whose own processes are not counted; memory 3 s after it was "
           "ready (VmRSS).")
    return lines, how


def podman_launch():
    port = free_port()
    began = time.monotonic()
    container = podman("run", "--detach", "--publish", f"127.0.0.1:{port}:8080", PAGE)
    try:
        wait_for("the first byte", lambda: fetch(port, "localhost") == 200, every=0.002)
        return time.monotonic() - began
    finally:
        podman("rm", "--force", "--time", "0", container)


def berth_launch(server):
    began = time.monotonic()
    made = server.call("POST", "/api/v1/sessions", {"template": "bench-page"})
    if made.status not in (200, 201, 202):
        raise RuntimeError(f"launch: {made}")
    session = made.json()
    try:
        host = session["access"][0]["url"].split("//")[1].rstrip("/")
        headers = {"Berth-Token": server.token}
        wait_for("the first byte", lambda: fetch(server.port, host, headers=headers) == 200, every=0.002)
        return time.monotonic() - began
    finally:
        server.call("DELETE", f"/api/v1/sessions/{session['id']}")
        server.wait_phase(session["id"], "gone")


def launch(_):
    """From the wish to the first byte of a tiny application."""
    count = 15
    with page_image():
        server = e2e.Berth(starter_catalog="false")
        try:
            server.start()
            component = {"image": PAGE, "ports": [{"name": "web", "port": 8080}]}
            access = [{"name": "web", "component": "main", "port": "web", "kind": "web", "default": True}]
            server.add_template("bench-page", component, access=access)
            berth_launch(server), podman_launch()
            ours, theirs = [], []
            for _ in range(count):
                ours.append(berth_launch(server))
                theirs.append(podman_launch())
        finally:
            server.clean()
    lines = [Line("Launch of a tiny image to its first byte", "s", Figures(ours), "podman run", Figures(theirs), at_most=1.15)]
    how = (f"{count} launches each, in turn, of an image that holds one static HTTP server of this folder: POST /sessions and a "
           "request to the session's host, which the gateway holds until it runs, beside `podman run -d -p` and requests "
           "every 2 ms until one is answered. Both with runc and netavark; Berth makes a network for each session as well.")
    return lines, how


ALL = {"gateway": gateway, "tunnel": tunnel, "launch": launch, "frozen": wake.frozen, "wake": wake.wake,
       "wake-at-once": wake.wake_at_once, "creates": creates, "postgres": creates_on_postgres,
       "start": start, "pods": kubernetes.pods, "many": many.many, "at-once": many.at_once,
       "leader": many.leader, "quotas": quotas.quotas}
# Several at once, by one name.
GROUPS = {"kubernetes": ["pods", "leader", "postgres", "at-once", "many"]}
