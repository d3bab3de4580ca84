"""The model component: estimates pi from random points and keeps what it has learned.

JSON over HTTP. POST /rpc {"method": "estimate", "params": {"points": N}} with 1 <= N <= 1000000 adds N points and
answers {"result": {"pi", "points", "calls", "seconds", "host"}}; "state" answers the same without adding any.
"""

import json
import random
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 8081
POINTS_MAX = 1_000_000
BODY_MAX = 4096


class Model:
    def __init__(self):
        self._lock = threading.Lock()
        self._points = self._inside = self._calls = 0
        self._seconds = 0.0

    def estimate(self, points):
        start = time.perf_counter()
        inside = sum(random.random() ** 2 + random.random() ** 2 <= 1 for _ in range(points))
        with self._lock:
            self._points += points
            self._inside += inside
            self._calls += 1
            self._seconds = time.perf_counter() - start
        return self.state()

    def state(self):
        with self._lock:
            return {
                "pi": 4 * self._inside / self._points if self._points else None,
                "points": self._points,
                "calls": self._calls,
                "seconds": round(self._seconds, 3),
                "host": socket.gethostname(),
            }


class Handler(BaseHTTPRequestHandler):
    model = Model()
    timeout = 30

    def do_POST(self):
        if self.path != "/rpc":
            return self.answer(404, {"error": "no such path"})
        try:
            length = int(self.headers.get("Content-Length", ""))
            if not 0 < length <= BODY_MAX:
                raise ValueError(f"the body must have 1 to {BODY_MAX} bytes")
            call = json.loads(self.rfile.read(length))
            if call["method"] == "state":
                return self.answer(200, {"result": self.model.state()})
            if call["method"] != "estimate":
                raise ValueError("no such method")
            points = call["params"]["points"]
            if type(points) is not int or not 1 <= points <= POINTS_MAX:
                raise ValueError(f"points must be 1 to {POINTS_MAX}")
        except (ValueError, KeyError, TypeError) as e:
            return self.answer(400, {"error": str(e)})
        self.answer(200, {"result": self.model.estimate(points)})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    # The first process of a container ignores this signal unless it asks for it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # Another component dials this one, so it listens on every address of its container.
    ThreadingHTTPServer(("0.0.0.0", PORT), Handler).serve_forever()
