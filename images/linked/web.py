"""The web component: a page that shows what the model answered, and a button that asks it again.

MODEL_URL is where the model listens. Works without scripts; every answer on the page was fetched from the model.
"""

import html
import json
import os
import signal
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 8080
POINTS = 200_000
MODEL_TIMEOUT = 10

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Linked services</title>
<style>
:root {{ color-scheme: light dark; --muted: #64748b; --line: #cbd5e1; --accent: #0f766e; --on-accent: #fff }}
@media (prefers-color-scheme: dark) {{ :root {{ --muted: #94a3b8; --line: #334155; --accent: #2dd4bf; --on-accent: #0f172a }} }}
body {{ font: 14px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto 0; padding: 0 16px }}
h1 {{ font-size: 20px; margin: 0 }}
p {{ margin: 4px 0 24px; color: var(--muted) }}
output {{ display: block; font: 600 48px/1.2 ui-monospace, monospace; margin: 0 0 16px }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 4px 24px; margin: 0 0 24px; padding: 16px 0;
      border: solid var(--line); border-width: 1px 0; font-variant-numeric: tabular-nums }}
dt {{ color: var(--muted) }}
dd {{ margin: 0 }}
button {{ font: inherit; font-weight: 600; padding: 8px 16px; border: 0; border-radius: 6px; cursor: pointer;
          background: var(--accent); color: var(--on-accent) }}
</style>
<h1>Linked services</h1>
<p>This page comes from the component “web”. The number comes from the component “model”.</p>
{answer}
<form method="post"><button>Ask the model again</button></form>
</html>
"""


def ask_model(method, **params):
    """What the model answered. Throws OSError when it cannot be reached, ValueError when the answer makes no sense."""
    call = json.dumps({"method": method, "params": params}).encode()
    request = urllib.request.Request(os.environ["MODEL_URL"] + "/rpc", call, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=MODEL_TIMEOUT) as response:
        return json.load(response)["result"]


def render(state):
    rows = {
        "Points so far": f"{state['points']:,}",
        "Calls": f"{state['calls']:,}",
        "Last call took": f"{state['seconds']:.3f} s",
        "Answered by": state["host"],
        "Reached at": os.environ["MODEL_URL"],
    }
    lines = "".join(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>\n" for name, value in rows.items())
    return f"<output>π ≈ {state['pi']:.5f}</output>\n<dl>\n{lines}</dl>"


class Handler(BaseHTTPRequestHandler):
    timeout = 30

    def do_GET(self):
        if self.path == "/healthz":
            return self.answer(200, "ok")
        if self.path.partition("?")[0] != "/":
            return self.answer(404, "Not found")
        try:
            state = ask_model("state")
            if state["pi"] is None:
                state = ask_model("estimate", points=POINTS)
            self.answer(200, PAGE.format(answer=render(state)))
        except (OSError, ValueError, KeyError) as e:
            self.no_model(e)

    def do_POST(self):
        try:
            ask_model("estimate", points=POINTS)
        except (OSError, ValueError, KeyError) as e:
            return self.no_model(e)
        # Reloading the page that follows only shows the answer again. Relative, so any path prefix in front works.
        self.send_response(303)
        self.send_header("Location", "./")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def no_model(self, error):
        text = f"The model at {os.environ.get('MODEL_URL', '(MODEL_URL is not set)')} did not answer: {error}"
        self.answer(502, PAGE.format(answer=f"<p role=alert>{html.escape(text)}</p>"))

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code="-", size="-"):
        # Probes would fill the log.
        if self.path != "/healthz":
            super().log_request(code, size)


if __name__ == "__main__":
    # The first process of a container ignores this signal unless it asks for it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # The gateway dials from inside the container, so nobody else needs to reach this.
    ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
