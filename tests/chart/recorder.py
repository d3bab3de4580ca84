"""Stands between a program and an API server, and writes down what is asked for: with that, rights are compared."""

import base64
import http.client
import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import yaml

VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


def right_of(method, target):
    """The verb and resource by which RBAC judges a request, such as ("watch", "networking.k8s.io/networkpolicies")."""
    parts = urlsplit(target)
    found = re.fullmatch(r"/(?:api|apis/([^/]+))/[^/]+(?:/namespaces/([^/]+))?/([a-z]+)(?:/([^/]+)(?:/([a-z]+))?)?", parts.path)
    if not found:
        # A namespace by its name.
        found = re.fullmatch(r"/(api)/v1/(namespaces)/([^/]+)", parts.path)
        return (VERBS.get(method, "get"), "namespaces") if found else None
    group, _, plural, name, sub = found.groups()
    if plural == "namespaces" and not name:
        return VERBS.get(method, "list"), "namespaces"
    resource = "/".join(filter(None, [group, plural, sub]))
    verb = VERBS.get(method)
    if not verb:
        verb = "get" if name else "watch" if "watch" in parse_qs(parts.query) else "list"
    return verb, resource


class Recorder:
    """Serves plain HTTP on loopback and passes everything on to the server of a kubeconfig, as whoever has the token.

    The first create of each kind that succeeds is made twice, as if its answer had been lost. `asked` has every right that was
    needed, `refused` the requests that RBAC did not allow.
    """

    def __init__(self, kubeconfig, token):
        place = yaml.safe_load(Path(kubeconfig).read_text())["clusters"][0]["cluster"]
        data = place.get("certificate-authority-data")
        self.server = urlsplit(place["server"])
        self.context = ssl.create_default_context(cadata=base64.b64decode(data).decode()) if data else ssl.create_default_context(cafile=place["certificate-authority"])
        self.token = token
        self.asked, self.refused, self.doubled = set(), [], set()
        self.listener = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.listener.daemon_threads = True
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.listener.server_port}"

    def kubeconfig(self, path):
        path.write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "it", "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "clusters": [{"name": "it", "cluster": {"server": self.url}}], "users": [{"name": "it", "user": {}}]}))
        return path

    def close(self):
        self.listener.shutdown()
        self.listener.server_close()

    def pass_on(self, method, target, headers, body):
        # A port-forward's first request is judged like its last: the upgrade itself is not needed for that.
        sent = {name: value for name, value in headers.items() if name.lower() not in ("host", "authorization", "content-length", "connection")}
        if headers.get("Upgrade"):
            sent["Connection"] = "Upgrade"
        connection = http.client.HTTPSConnection(self.server.hostname, self.server.port, context=self.context, timeout=60)
        connection.request(method, target, body=body, headers=sent | {"Authorization": f"Bearer {self.token}"})
        return connection, connection.getresponse()

    def handler(outer):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self):
                try:
                    super().handle()
                except ConnectionError:
                    pass  # The program was stopped.

            def log_message(self, *words):
                pass

            def answer(self):
                right = right_of(self.command, self.path)
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length) if length else None
                if right:
                    outer.asked.add(right)
                if right and self.headers.get("Upgrade"):
                    # Since Kubernetes 1.35 a WebSocket needs this right as well.
                    outer.asked.add(("create", right[1]))
                if right and right[0] == "create" and right not in outer.doubled:
                    connection, response = outer.pass_on(self.command, self.path, self.headers, body)
                    response.read()
                    connection.close()
                    if response.status < 300:
                        outer.doubled.add(right)
                connection, response = outer.pass_on(self.command, self.path, self.headers, body)
                # Admission refuses with 403 as well: what RBAC says reads `User "…" cannot create resource "…"`.
                said = response.read() if response.status == 403 else b""
                if b" cannot " in said:
                    outer.refused.append(f"{self.command} {self.path}")
                try:
                    if response.status == 101:
                        self.send_error(502)
                        self.close_connection = True
                        return
                    self.send_response(response.status)
                    for name in ("Content-Type", "Retry-After"):
                        if response.headers.get(name):
                            self.send_header(name, response.headers[name])
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    while piece := said or response.read1(1 << 16):
                        said = b""
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                        self.wfile.flush()
                    self.wfile.write(b"0\r\n\r\n")
                except OSError:
                    self.close_connection = True
                finally:
                    connection.close()

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        return Handler
