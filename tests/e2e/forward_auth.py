"""Forward-auth with the real nginx and HAProxy, set up by the very snippets of docs/operating.md.

Each proxy has the platform's and the sessions' hosts. The application behind it is this test's own: it says what it was
sent. Sessions are simulated: what is judged is whose they are.
"""

import http.client
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

sys.path.insert(0, os.path.dirname(__file__))
from berth import Berth, free_port, wait_for

ROOT = Path(__file__).resolve().parents[2]
STRANGER = "127.0.0.7"  # A peer that no configuration trusts.


def snippet(language, first):
    """A block of the documentation, by its language and how it begins."""
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs/operating.md").read_text(), re.S)
    return next(block for block in blocks if block.startswith(first))


class Application(http.server.BaseHTTPRequestHandler):
    """Answers every request with what it was sent."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        body = json.dumps({"path": self.path, "method": self.command, "headers": [[k.lower(), v] for k, v in self.headers.items()]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *words):
        pass


class Applications(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A proxy that closes a kept connection is no error."""


class Seen:
    """An answer, and what the application said it was sent."""

    def __init__(self, response):
        self.status, self.headers, self.text = response.status, response.headers, response.read().decode(errors="replace")

    def sent(self, name):
        """All values that the application got under that name, underscores being hyphens."""
        return [value for key, value in json.loads(self.text)["headers"] if key.replace("_", "-") == name]

    def cookie(self, part):
        found = [c.split(";")[0] for c in self.headers.get_all("Set-Cookie", []) if part in c.split("=")[0]]
        return found[0] if found else None


class FrontedBerth(Berth):
    """A Berth whose people come by a proxy's port."""

    def __init__(self, front):
        super().__init__(engine="sim", url=f"http://localhost:{front}", apps_domain=f"localhost:{front}", trusted_proxies="127.0.0.1")
        self.front = front

    @property
    def url(self):
        return f"http://localhost:{self.front}"

    def call(self, method, path, body=None, host=None, **more):
        return super().call(method, path, body, host=host or f"localhost:{self.front}", **more)


class Nginx:
    name = "nginx"

    def __init__(self, folder, front, berth, application):
        for part in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
            os.mkdir(os.path.join(folder, part))
        auth = snippet("nginx", "location / {").replace("127.0.0.1:8080", f"127.0.0.1:{berth}").replace("127.0.0.1:3000", f"127.0.0.1:{application}")
        config = f"""
            daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
            events {{ worker_connections 256; }}
            http {{
                access_log off;
                client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
                uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
                large_client_header_buffers 4 32k;
                map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
                server {{
                    listen 127.0.0.1:{front};
                    server_name ~^.+\\.localhost$;
                    {auth}
                }}
                server {{
                    listen 127.0.0.1:{front};
                    server_name localhost;
                    location / {{ proxy_pass http://127.0.0.1:{berth}; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr; }}
                    location /dashboard/ {{
                        {re.search(r"location / {(.*?)^}", auth, re.S | re.M)[1]}
                    }}
                    {auth[auth.index("location = /.berth/verify"):auth.index("location /.berth/ {")]}
                }}
            }}"""
        path = os.path.join(folder, "nginx.conf")
        Path(path).write_text(config)
        self.process = subprocess.Popen(["nginx", "-p", folder, "-c", path, "-e", f"{folder}/error.log"], stderr=subprocess.PIPE, text=True)


class Haproxy:
    name = "haproxy"

    def __init__(self, folder, front, berth, application):
        config = snippet("haproxy", "global")
        config = config.replace("/etc/haproxy/berth.lua", str(ROOT / "deploy/proxies/berth.lua")).replace("bind 127.0.0.1:80\n", f"bind 127.0.0.1:{front}\n")
        config = config.replace("127.0.0.1:8080", f"127.0.0.1:{berth}").replace("127.0.0.1:3000", f"127.0.0.1:{application}")
        # The platform's own pages, beside the application that shares its host.
        platform = f"    use_backend berth if {{ hdr(host) -i localhost:{front} }} !{{ path_beg /dashboard/ }}\n"
        config = config.replace("    default_backend", platform + "    default_backend")
        path = os.path.join(folder, "haproxy.cfg")
        Path(path).write_text(config)
        with open(f"{folder}/error.log", "w") as words:
            self.process = subprocess.Popen(["haproxy", "-f", path, "-db"], stdout=words, stderr=subprocess.STDOUT)


class ForwardAuth:
    """The cases, for a proxy that a class below names."""

    @classmethod
    def setUpClass(cls):
        if not shutil.which(cls.proxy.name):
            raise unittest.SkipTest(f"{cls.proxy.name} is not installed")
        cls.folder = tempfile.mkdtemp(prefix=f"berth-{cls.proxy.name}-")
        os.chmod(cls.folder, 0o755)  # nginx serves as another user.
        cls.front = free_port()
        cls.application = Applications(("127.0.0.1", 0), Application)
        threading.Thread(target=cls.application.serve_forever, daemon=True).start()
        cls.berth = FrontedBerth(cls.front)
        cls.front_program = cls.proxy(cls.folder, cls.front, cls.berth.port, cls.application.server_address[1]).process
        cls.berth.start()
        cls.tokens = {name: cls.berth.add_user(name) for name in ("ann", "bob")}
        cls.people = {name: cls.sign_in(name) for name in ("ann", "bob")}
        cls.hosts = {name: cls.launch(name) for name in ("ann", "bob")}
        cls.cookies = {name: cls.take_ticket(name) for name in ("ann", "bob")}

    @classmethod
    def tearDownClass(cls):
        cls.front_program.terminate()
        cls.front_program.wait(10)
        if cls.front_program.stderr:
            cls.front_program.stderr.close()
        cls.application.shutdown()
        cls.application.server_close()
        cls.berth.stop()
        shutil.rmtree(cls.berth.data, ignore_errors=True)
        shutil.rmtree(cls.folder, ignore_errors=True)

    @classmethod
    def sign_in(cls, name):
        answer = cls.berth.call("POST", "/auth/login", {"name": name, "password": "correct horse battery"}, token=None, headers={"Origin": cls.berth.url})
        assert answer.status == 204, answer
        return answer.headers["Set-Cookie"].split(";")[0]

    @classmethod
    def launch(cls, name):
        answer = cls.berth.call("POST", "/api/v1/sessions", {"template": "terminal"}, token=cls.tokens[name])
        assert answer.status == 201, answer
        wait_for("the session runs", lambda: cls.berth.call("GET", f"/api/v1/sessions/{answer.json()['id']}", token=cls.tokens[name]).json()["status"]["phase"] == "running", 60)
        return urlsplit(cls.berth.call("GET", f"/api/v1/sessions/{answer.json()['id']}", token=cls.tokens[name]).json()["url"]).netloc

    @classmethod
    def ask(cls, host, path="/", method="GET", cookie=None, headers=(), source="127.0.0.9", port=None):
        """One request of a client. `headers` may name one several times."""
        connection = http.client.HTTPConnection("127.0.0.1", port or cls.front, timeout=20, source_address=(source, 0))
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host)
        for name, value in ([("Cookie", cookie)] if cookie else []) + list(headers):
            connection.putheader(name, value)
        if method == "POST":
            connection.putheader("Content-Length", "0")
        connection.endheaders()
        seen = Seen(connection.getresponse())
        connection.close()
        return seen

    @classmethod
    def follow(cls, seen, cookie=None):
        """Where a redirect leads, as a browser goes there."""
        to = urlsplit(seen.headers["Location"])
        return cls.ask(to.netloc or f"localhost:{cls.front}", to.path + ("?" + to.query if to.query else ""), cookie=cookie, headers=[("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate")])

    @classmethod
    def take_ticket(cls, name):
        """The whole way of a browser from the session's host to the platform and back; gives its cookie there."""
        first = cls.ask(cls.hosts[name], "/tree?x=1", headers=[("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate")])
        assert first.status == 302, first.text
        assert first.headers["Location"] == f"http://{cls.hosts[name]}/.berth/sign-in?to={quote('/tree?x=1', safe='')}", first.headers["Location"]
        second = cls.follow(first)
        nonce = second.cookie("nonce")
        third = cls.follow(second, cookie=cls.people[name])
        assert third.status in (302, 303), (third.status, third.text)
        fourth = cls.follow(third, cookie=nonce)
        assert fourth.status == 302 and fourth.headers["Location"] == "/tree?x=1", (fourth.status, fourth.text)
        return fourth.cookie("session")

    def test_a_browser_comes_to_its_session_by_the_platforms_sign_in(self):
        seen = self.ask(self.hosts["ann"], "/tree?x=1", cookie=f"theme=dark; {self.cookies['ann']}; more=1")
        self.assertEqual(seen.status, 200, seen.text)
        self.assertEqual(json.loads(seen.text)["path"], "/tree?x=1")
        self.assertEqual(seen.sent("x-berth-user"), ["ann"])
        self.assertEqual(seen.sent("x-berth-role"), ["user"])
        self.assertRegex(seen.sent("x-berth-session")[0], "^ses_")
        self.assertEqual(seen.sent("cookie"), ["theme=dark; more=1"], "ours stay with us")

    def test_no_cookie_is_left_where_ours_was_the_only_one(self):
        self.assertEqual(self.ask(self.hosts["ann"], cookie=self.cookies["ann"]).sent("cookie"), [])

    def test_another_comes_neither_with_their_own_cookie_nor_with_the_platforms(self):
        own = self.cookies["ann"]
        forged = own[:-1] + ("1" if own.endswith("0") else "0")
        for cookie in (None, self.cookies["bob"], self.people["ann"], forged):
            seen = self.ask(self.hosts["ann"], cookie=cookie)
            self.assertEqual(seen.status, 302, cookie)
            self.assertIn("/.berth/sign-in?to=%2F", seen.headers["Location"])
        asked = self.follow(self.ask(self.hosts["ann"]))
        refused = self.follow(asked, cookie=self.people["bob"])
        self.assertEqual(urlsplit(refused.headers.get("Location") or "").path, "/no-such-session")

    def test_anothers_session_and_one_that_never_was_are_answered_alike(self):
        token = [("Berth-Token", self.tokens["bob"])]
        never = f"never-000000.localhost:{self.front}"
        others, absent = self.ask(self.hosts["ann"], headers=token), self.ask(never, headers=token)
        self.assertEqual((others.status, others.text), (403, absent.text))
        self.assertEqual(absent.status, 403)

    def test_a_program_comes_by_token_which_the_application_does_not_see(self):
        seen = self.ask(self.hosts["ann"], headers=[("Berth-Token", self.tokens["ann"])])
        self.assertEqual(seen.status, 200, seen.text)
        self.assertEqual(seen.sent("berth-token"), [])

    def test_what_a_client_says_of_itself_is_dropped(self):
        lies = [(name, value) for name in ("X-Berth-User", "X-Berth-Role", "X-Berth-User-Id", "X-Berth-Session", "X_Berth_User", "X-BERTH-ROLE") for value in ("admin", "root")]
        seen = self.ask(self.hosts["ann"], cookie=self.cookies["ann"], headers=lies)
        self.assertEqual(seen.status, 200, seen.text)
        self.assertEqual(seen.sent("x-berth-user"), ["ann"])
        self.assertEqual(seen.sent("x-berth-role"), ["user"])
        self.assertEqual(seen.sent("x-berth-user-id"), [])
        self.assertEqual(len(seen.sent("x-berth-session")), 1)

    def test_a_client_cannot_say_which_host_it_asks_for(self):
        own = self.hosts["bob"]
        for lie in ([("X-Forwarded-Host", own)], [("X-Forwarded-Host", own), ("X-Forwarded-Host", own)], [("X-Original-URL", f"http://{own}/")], [("Forwarded", f"host={own}")]):
            seen = self.ask(self.hosts["ann"], cookie=self.cookies["bob"], headers=lie)
            self.assertIn(seen.status, (302, 403), lie)
            seen = self.ask(self.hosts["ann"], cookie=self.cookies["ann"], headers=lie)
            self.assertEqual((seen.status, seen.sent("x-berth-user")), (200, ["ann"]), lie)

    def test_our_cookie_twice_is_refused(self):
        cookie = self.cookies["ann"]
        self.assertEqual(self.ask(self.hosts["ann"], cookie=f"{cookie}; {cookie}").status, 403)
        self.assertEqual(self.ask(self.hosts["ann"], cookie=cookie, headers=[("Cookie", cookie)]).status, 403)

    def test_cookies_and_headers_may_be_long_and_not_too_long(self):
        seen = self.ask(self.hosts["ann"], cookie=f"big={'x' * 6000}; {self.cookies['ann']}")
        self.assertEqual((seen.status, len(seen.sent("cookie")[0])), (200, 6004))
        self.assertEqual(self.ask(self.hosts["ann"], "/" + "p" * 7000, cookie=self.cookies["ann"]).status, 200)
        seen = self.ask(self.hosts["ann"], cookie=self.cookies["ann"], headers=[("X-Forwarded-For", ", ".join(["192.0.2.1"] * 300))])
        self.assertEqual((seen.status, seen.sent("x-berth-user")), (200, ["ann"]))
        seen = self.ask(self.hosts["ann"], cookie=f"big={'x' * 80000}; {self.cookies['ann']}")
        self.assertGreaterEqual(seen.status, 400, "over everybody's limit")
        self.assertEqual(self.ask(self.hosts["ann"], cookie=self.cookies["ann"] + "x" * 6000).status, 302, "no cookie of ours is so long")

    def test_a_change_that_another_sites_page_sends_is_refused(self):
        host, cookie = self.hosts["ann"], self.cookies["ann"]
        status = lambda method, *headers: self.ask(host, method=method, cookie=cookie, headers=headers).status
        self.assertEqual(status("POST", ("Origin", f"http://{host}")), 200)
        self.assertEqual(status("POST", ("Origin", "http://evil.test")), 403)
        self.assertEqual(status("POST", ("Sec-Fetch-Site", "cross-site")), 403)
        self.assertEqual(status("GET", ("Sec-Fetch-Site", "cross-site")), 200)
        self.assertEqual(status("GET", ("Origin", "http://evil.test"), ("Sec-WebSocket-Key", "x")), 403)

    def test_an_application_on_the_platforms_host_is_for_whoever_is_signed_in(self):
        host = f"localhost:{self.front}"
        seen = self.ask(host, "/dashboard/x", cookie=self.people["bob"])
        self.assertEqual((seen.status, seen.sent("x-berth-user")), (200, ["bob"]))
        self.assertEqual(seen.sent("cookie"), [])
        away = self.ask(host, "/dashboard/x?y=1")
        self.assertEqual((away.status, away.headers["Location"]), (302, f"http://{host}/sign-in?to=%2Fdashboard%2Fx%3Fy%3D1"))
        self.assertEqual(self.ask(host, "/dashboard/x", cookie=self.cookies["ann"]).status, 302, "a session's cookie is for its host")

    def test_a_sign_out_ends_it(self):
        cookie = self.sign_in("bob")
        host = self.hosts["bob"]
        kept, type(self).people["bob"] = self.people["bob"], cookie
        try:
            session = self.take_ticket("bob")
        finally:
            type(self).people["bob"] = kept
        self.assertEqual(self.ask(host, cookie=session).status, 200)
        self.assertEqual(self.berth.call("POST", "/auth/logout", token=None, cookie=cookie).status, 204)
        self.assertEqual(self.ask(host, cookie=session).status, 302)
        self.assertEqual(self.ask(host, cookie=self.cookies["bob"]).status, 200, "only that sign-in")

    def test_who_is_no_proxy_of_ours_is_told_nothing(self):
        lies = [("X-Forwarded-Host", self.hosts["ann"]), ("X-Forwarded-Method", "GET"), ("X-Forwarded-For", "127.0.0.1")]
        for host in (f"localhost:{self.front}", "somewhere.test"):
            seen = self.ask(host, "/auth/verify", cookie=self.cookies["ann"], headers=lies, source=STRANGER, port=self.berth.port)
            self.assertEqual(seen.status, 403, seen.text)
            self.assertEqual(json.loads(seen.text)["code"], "untrusted_proxy")
            self.assertNotIn("X-Berth-User", seen.headers)
        trusted = self.ask("somewhere.test", "/auth/verify", cookie=self.cookies["ann"], headers=lies[:2], source="127.0.0.1", port=self.berth.port)
        self.assertEqual((trusted.status, trusted.headers["X-Berth-User"]), (200, "ann"))

    def test_wrong_passwords_count_for_the_client_and_not_for_the_proxy(self):
        def guess(number, source, forwarded):
            body = json.dumps({"name": f"nobody{number}", "password": "wrong wrong"})
            connection = http.client.HTTPConnection("127.0.0.1", self.front, timeout=20, source_address=(source, 0))
            connection.request("POST", "/auth/login", body, {"Host": f"localhost:{self.front}", "Content-Type": "application/json", "X-Forwarded-For": forwarded})
            status = connection.getresponse().status
            connection.close()
            return status
        guesses = [guess(number, "127.0.0.40", f"198.51.100.{number}") for number in range(25)]
        self.assertEqual(guesses[:20], [401] * 20)
        self.assertIn(429, guesses[20:], "inventing addresses does not help")
        self.assertEqual(guess(99, "127.0.0.41", "127.0.0.40"), 401, "another client is not kept out")

    def test_z_nobody_comes_in_while_berth_is_away(self):
        self.berth.kill()
        try:
            seen = self.ask(self.hosts["ann"], cookie=self.cookies["ann"])
            self.assertIn(seen.status, (500, 502, 503))
            self.assertNotIn("x-berth", seen.text)
        finally:
            self.berth.start()
        wait_for("it is back", lambda: self.ask(self.hosts["ann"], cookie=self.cookies["ann"]).status == 200, 30)


class ByNginx(ForwardAuth, unittest.TestCase):
    proxy = Nginx


class ByHaproxy(ForwardAuth, unittest.TestCase):
    proxy = Haproxy


if __name__ == "__main__":
    unittest.main(verbosity=1)
