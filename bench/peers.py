"""The proxies: each started on a free port with routes from `app-NUMBER.localhost` to one application, on its own core.

Each is configured as its documentation says for this use, with one worker and connections to the application kept open
wherever it can. `buffers` are the bytes that nginx and HAProxy hold of a tunnel; None leaves their default.
"""

import concurrent.futures
import contextlib
import http.client
import json
import os
import subprocess
from dataclasses import dataclass

from measure import PROGRAMS, TESTED_CORE, fetch, first_line, free_port, listens, process, wait_for

# What the gateway's stand-in of a sign-in wants to see; every peer gets the same header.
COOKIE = "x" * 80


@dataclass
class Proxy:
    name: str
    port: int
    pid: int
    cookie: str = ""


def host_of(number):
    return f"app-{number:05}.localhost"


@contextlib.contextmanager
def berth(routes, upstream):
    port = free_port()
    words = [PROGRAMS / "gateway", port, routes, upstream]
    with process(words, TESTED_CORE, stdout=subprocess.PIPE) as started:
        yield Proxy("Berth", port, started.pid, cookie=first_line(started))


NGINX = """
daemon off; worker_processes 1; pid {directory}/nginx.pid; error_log stderr error;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 1000000000; {buffers}
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
    map_hash_max_size 65536; map_hash_bucket_size 128;
    map $host $app {{ include {directory}/nginx.map; }}
    map $http_upgrade $towards {{ default upgrade; '' ''; }}
    upstream application {{
        server 127.0.0.1:{upstream};
        keepalive 256; keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location / {{
            proxy_pass http://$app;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $towards;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""


@contextlib.contextmanager
def nginx(routes, upstream, directory, buffers=None):
    port = free_port()
    (directory / "nginx.map").write_text("".join(f"{host_of(n)} application;\n" for n in range(routes)))
    sizes = f"proxy_buffer_size {buffers}; proxy_buffers 4 {buffers}; client_header_buffer_size {buffers};" if buffers else ""
    file = directory / "nginx.conf"
    file.write_text(NGINX.format(directory=directory, port=port, upstream=upstream, buffers=sizes))
    with process(["nginx", "-p", directory, "-c", file], TESTED_CORE) as started:
        wait_for("nginx listens", lambda: listens(port))
        yield Proxy("nginx", port, started.pid)


HAPROXY = """
global
    maxconn 4096
    nbthread 1
    {buffers}
defaults
    mode http
    option forwardfor
    http-reuse always
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout tunnel 1h
frontend all
    bind 127.0.0.1:{port}
    use_backend %[req.hdr(host),host_only,lower,map({directory}/haproxy.map,unknown)]
backend application
    server one 127.0.0.1:{upstream}
backend unknown
    http-request deny deny_status 421
"""


@contextlib.contextmanager
def haproxy(routes, upstream, directory, buffers=None):
    port = free_port()
    (directory / "haproxy.map").write_text("".join(f"{host_of(n)} application\n" for n in range(routes)))
    size = f"tune.bufsize {buffers}" if buffers else ""
    file = directory / "haproxy.cfg"
    file.write_text(HAPROXY.format(directory=directory, port=port, upstream=upstream, buffers=size))
    with process(["haproxy", "-db", "-f", file], TESTED_CORE) as started:
        wait_for("HAProxy listens", lambda: listens(port))
        yield Proxy("HAProxy", port, started.pid)


def add_chp_routes(port, first, last, upstream):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for number in range(first, last):
        body = json.dumps({"target": f"http://127.0.0.1:{upstream}"})
        connection.request("POST", f"/api/routes/{host_of(number)}/", body, {"Authorization": "token bench"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 201:
            raise RuntimeError(f"configurable-http-proxy answered {answer.status} to a new route")
    connection.close()


@contextlib.contextmanager
def chp(routes, upstream, package):
    port, api = free_port(), free_port()
    words = ["node", package / "bin/configurable-http-proxy", "--ip", "127.0.0.1", "--port", port, "--api-ip", "127.0.0.1",
             "--api-port", api, "--host-routing", "--log-level", "error"]
    environment = os.environ | {"CONFIGPROXY_AUTH_TOKEN": "bench"}
    # It writes a page for every client that leaves in the middle of a message.
    with process(words, TESTED_CORE, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as started:
        wait_for("configurable-http-proxy listens", lambda: listens(api) and listens(port))
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            step = -(-routes // 4)
            parts = [pool.submit(add_chp_routes, api, first, min(first + step, routes), upstream)
                     for first in range(0, routes, step)]
            for part in parts:
                part.result()
        yield Proxy("configurable-http-proxy", port, started.pid)


def check(proxy, routes, cookie):
    """Refuses to measure a proxy that does not route by host."""
    headers = {"Cookie": cookie}
    good = [fetch(proxy.port, f"{host_of(n)}:{proxy.port}", headers=headers) for n in (0, routes - 1)]
    wrong = fetch(proxy.port, f"nobody.localhost:{proxy.port}", headers=headers)
    if good != [200, 200] or wrong < 400:
        raise RuntimeError(f"{proxy.name} does not route by host: {good} and {wrong} for an unknown one")
