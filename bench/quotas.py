"""Launches against quotas: who is over, lost or stuck."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from measure import ROOT, Figures, Line

sys.path.insert(0, str(ROOT / "tests/e2e"))
import berth as e2e  # noqa: E402

LAUNCHES, USERS, EACH, ROOM = 5_000, 20, 20, 350


def launch_all(server, tokens):
    """The answers by status, and the seconds they took."""
    def launch(number):
        name = "patient" if number % 2 else "plain"
        return server.call("POST", "/api/v1/sessions", {"template": name}, token=tokens[number % USERS]).status
    began = time.monotonic()
    with ThreadPoolExecutor(64) as pool:
        statuses = list(pool.map(launch, range(LAUNCHES)))
    return statuses, time.monotonic() - began


def all_sessions(server, token):
    items, cursor = [], ""
    while True:
        page = server.call("GET", f"/api/v1/sessions?limit=200{cursor}", token=token).json()
        items += page["items"]
        if not page.get("next"):
            return items
        cursor = f"&cursor={page['next']}"


def is_waiting(session):
    return session["status"]["reason"] == "Queued"


def over(server, tokens):
    """How many sessions take part beyond a limit of a user or of the engine."""
    counts = [sum(1 for s in all_sessions(server, token) if s["state"] == "running" and not is_waiting(s)) for token in tokens]
    return sum(max(0, count - EACH) for count in counts) + max(0, sum(counts) - ROOM)


def let_all_in(server, tokens):
    """Ends what runs until nobody waits; gives how many never came in."""
    for _ in range(LAUNCHES // ROOM * 2):
        sessions = [(token, s) for token in tokens for s in all_sessions(server, token)]
        waiting = [s for _, s in sessions if is_waiting(s)]
        if not waiting:
            return 0
        ended = [(token, s["id"]) for token, s in sessions if s["status"]["phase"] == "running"]
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda one: server.call("DELETE", f"/api/v1/sessions/{one[1]}", token=one[0]), ended))
        time.sleep(1)
    return len(waiting)


def quotas(_):
    server = e2e.Berth(engine="sim", starter_catalog="false", engine_capacity=f'{{"running": {ROOM}}}')
    try:
        server.start()
        server.call("PUT", "/api/v1/quota", {"sessions": LAUNCHES, "running": EACH, "cpu": "1000", "memory": "1000Gi"})
        server.add_template("plain")
        server.add_template("patient", queue=True)
        tokens = [server.add_user(f"user-{number}") for number in range(USERS)]
        statuses, seconds = launch_all(server, tokens)
        lost = sum(1 for status in statuses if status not in (201, 429))
        beyond = over(server, tokens)
        stuck = let_all_in(server, tokens)
    finally:
        server.clean()
    of = f"{LAUNCHES} launches at once against quotas"
    lines = [Line(f"{of}: over a limit", "sessions", Figures([beyond]), at_most=0),
             Line(f"{of}: lost", "answers", Figures([lost]), at_most=0),
             Line(f"{of}: stuck", "sessions", Figures([stuck]), at_most=0),
             Line(f"{of}: answered", "per second", Figures([LAUNCHES / seconds]))]
    how = (f"{USERS} users, each with a limit of {EACH} running sessions, launch {LAUNCHES} sessions by 64 connections at once on "
           f"the simulated engine with room for {ROOM}; what there is no room for waits. Then what runs is ended until nobody waits. "
           "With groups, and with templates that are refused: src/acts/parallel_test.cpp.")
    return lines, how
