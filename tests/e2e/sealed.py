"""Secrets, files and keys by CLI and API, their way into a real session, and that no value is anywhere but in its seal."""

import base64
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, os.path.dirname(__file__))
from berth import Berth, wait_for

VALUE = "hush-Zq7wX2pL9vKe"  # Nothing else in the world looks like it.
MIB = 1 << 20


def put_file(server, path, content, **options):
    return server.call("PUT", f"/api/v1/users/me/files/{path}", raw=content, headers={"Content-Type": "application/octet-stream"}, **options)


def keys(server):
    return server.call("GET", "/api/v1/admin/keys").json()


class SecretsAndFiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Berth(engine="sim").start()
        cls.other = cls.server.add_user("bea")

    @classmethod
    def tearDownClass(cls):
        cls.server.clean()

    def test_1_a_secret_goes_in_by_cli_and_never_comes_out(self):
        self.assertEqual(self.server.cli("secrets", "set", "TOKEN", stdin=VALUE + "\n").stdout, "TOKEN  set\n")
        self.assertEqual(self.server.cli("secrets", "set", "TOKEN", "--from-file", "-", stdin=VALUE).stdout, "TOKEN  changed\n")
        self.assertRegex(self.server.cli("secrets").stdout, r"TOKEN\s+.*2\n")
        self.assertEqual(self.server.call("GET", "/api/v1/users/me/secrets/TOKEN").status, 405)
        self.assertEqual(self.server.call("GET", "/api/v1/users/me/secrets", token=self.other).json()["items"], [])
        refused = self.server.cli("secrets", "rm", "TOKEN", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("berth secrets rm -y TOKEN", refused.stderr)
        self.assertEqual(self.server.cli("secrets", "set", "A-B", stdin="x", check=False).returncode, 1)

    def test_2_a_file_goes_up_and_comes_down(self):
        content = os.urandom(3 * MIB + 17)
        local = Path(self.server.data, "up.bin")
        local.write_bytes(content)
        self.server.cli("files", "put", str(local), "data/in put.bin")
        self.assertIn("data/in put.bin", self.server.cli("files").stdout)
        down = Path(self.server.data, "down.bin")
        self.server.cli("files", "get", "data/in put.bin", str(down))
        self.assertEqual(down.read_bytes(), content)
        self.assertEqual(self.server.call("GET", "/api/v1/users/me/files/data/in%20put.bin", token=self.other).status, 404)
        self.server.cli("files", "rm", "-y", "data/in put.bin")
        self.assertEqual(self.server.cli("files", "get", "data/in put.bin", str(down), check=False).returncode, 1)

    def test_3_names_that_lead_elsewhere_are_refused(self):
        for path in ("../a", "a/../../b", "%2e%2e/a", "/etc/passwd", "a%0Ab", "a/"):
            answer = put_file(self.server, path, b"x")
            self.assertEqual((answer.status, answer.json()["code"]), (400, "invalid_field"), path)

    def test_4_larger_than_its_limit_is_refused_with_the_limit(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        connection.putrequest("PUT", "/api/v1/users/me/files/large", skip_host=True)
        for name, value in {"Host": f"localhost:{self.server.port}", "Authorization": f"Bearer {self.server.token}", "Content-Length": str(33 * MIB)}.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        self.assertEqual((answer.status, json.loads(answer.read())["detail"]), (413, "a file may have at most 32Mi"))
        connection.close()
        local = Path(self.server.data, "large.bin")
        with open(local, "wb") as file:
            file.truncate(33 * MIB)
        said = self.server.cli("files", "put", str(local), check=False)
        self.assertEqual(said.returncode, 1)
        self.assertIn("32Mi", said.stderr)
        local.unlink()

    def test_5_an_upload_that_is_cut_leaves_what_was_there(self):
        put_file(self.server, "kept", b"before")
        with socket.create_connection(("127.0.0.1", self.server.port)) as wire:
            head = f"PUT /api/v1/users/me/files/kept HTTP/1.1\r\nHost: localhost:{self.server.port}\r\nAuthorization: Bearer {self.server.token}\r\nContent-Length: {5 * MIB}\r\n\r\n"
            wire.sendall(head.encode() + b"x" * (3 * MIB))
        self.assertEqual(self.server.call("GET", "/api/v1/users/me/files/kept").body, "before")
        under = lambda: sum(key["sealed"] for key in keys(self.server)["items"])
        self.server.cli("files", "rm", "-y", "kept")
        wait_for("no part of it is left, only the secret", lambda: under() == 1, 20)

    def test_6_keys_rotate_while_everybody_goes_on_and_berth_is_killed(self):
        for number in range(8):
            put_file(self.server, f"many/{number}", os.urandom(2 * MIB))
        first = keys(self.server)["items"][-1]["id"]
        stop = threading.Event()
        wrong = []

        def go_on():
            number = 0
            while not stop.wait(0.05):
                number += 1
                try:
                    answer = self.server.call("PUT", "/api/v1/users/me/secrets/BUSY", {"value": f"{VALUE}-{number}"})
                    if answer.status != 200:
                        wrong.append(answer)
                except OSError:
                    pass  # It is being killed and started.

        writer = threading.Thread(target=go_on)
        writer.start()
        try:
            self.assertEqual(self.server.call("POST", "/api/v1/admin/keys/rotate").status, 202)
            self.server.kill()
            self.server.start()
            wait_for("nothing is under the old key", lambda: sum(k["sealed"] for k in keys(self.server)["items"] if k.get("retiredAt")) == 0, 60)
        finally:
            stop.set()
            writer.join()
        self.assertEqual(wrong, [])
        self.assertNotEqual(keys(self.server)["items"][-1]["id"], first)
        for number in range(8):
            self.assertEqual(self.server.call("GET", f"/api/v1/users/me/files/many/{number}").status, 200)
        self.assertEqual(self.server.call("GET", "/api/v1/admin/audit?kind=key.rotated").json()["total"], 1)
        self.assertIn("rotated", self.server.cli("keys", "rotate").stdout)

    def test_7_no_value_is_in_a_log_row_event_or_argument(self):
        put_file(self.server, "hidden", VALUE.encode())
        said = [self.server.call("GET", path).body for path in ("/api/v1/users/me/secrets", "/api/v1/users/me/files", "/api/v1/admin/audit?limit=200", "/api/v1/admin/keys")]
        said.append(self.server.log_text())
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                said.append(process.read_bytes().decode(errors="replace"))
            except OSError:
                continue
        self.assertEqual([text for text in said if VALUE in text], [])
        needles = (VALUE.encode(), base64.b64encode(VALUE.encode())[:-2])
        for file in Path(self.server.data).rglob("*"):
            if file.is_file() and not file.is_symlink():
                content = file.read_bytes()
                self.assertFalse(any(needle in content for needle in needles), f"{file} holds the value")
        address = self.server.options.get("database")
        if address:
            dump = subprocess.run(["pg_dump", address], capture_output=True, text=True).stdout
            self.assertIn("sealing_key", dump)
            self.assertNotIn(VALUE, dump)

    def test_8_another_master_key_and_none_lock_secrets_and_nothing_else(self):
        place = Path(self.server.data, "master.key")
        self.assertEqual(place.stat().st_mode & 0o777, 0o600)
        right = place.read_text()

        def started_with(text):
            self.server.stop()
            if text is None:
                place.unlink()
            else:
                place.write_text(text)
            self.server.start()

        for text, words in ((base64.b64encode(os.urandom(32)).decode(), "is not the one"), ("no key", "holds no key"), (None, "there is no master key")):
            started_with(text)
            answer = self.server.call("PUT", "/api/v1/users/me/secrets/LATE", {"value": "x"})
            self.assertEqual((answer.status, answer.json()["code"]), (503, "keys_unavailable"), answer)
            self.assertIn(words, keys(self.server)["locked"])
            self.assertIn("secrets and files are locked", self.server.log_text())
            self.assertEqual(put_file(self.server, "late", b"x").status, 503)
            self.assertEqual(self.server.call("GET", "/api/v1/users/me/files/hidden").status, 503)
            self.assertEqual(self.server.call("GET", "/api/v1/users/me/secrets").status, 200)
            self.assertEqual(self.server.call("GET", "/readyz").status, 200)
        self.assertFalse(place.exists(), "a missing key is never made anew")
        place.touch(mode=0o600)
        started_with(right)
        self.assertEqual(self.server.call("GET", "/api/v1/users/me/files/hidden").body, VALUE)


class MasterKey(unittest.TestCase):
    def tearDown(self):
        self.server.clean()

    def test_comes_from_a_command(self):
        self.server = Berth(engine="sim")
        source = Path(self.server.data, "elsewhere")
        source.write_text(base64.b64encode(os.urandom(32)).decode())
        self.server.options["master_key_command"] = f"[cat, {source}]"
        self.server.start()
        self.assertNotIn("locked", keys(self.server))
        self.assertFalse(Path(self.server.data, "master.key").exists())

    def test_comes_from_the_environment_which_no_program_that_berth_starts_gets(self):
        self.server = Berth(engine="sim")
        plain = self.server.environment
        self.server.environment = lambda *given: plain(*given) | {"BERTH_MASTER_KEY": base64.b64encode(os.urandom(32)).decode()}
        self.server.start()
        self.assertNotIn("locked", keys(self.server))
        self.assertFalse(Path(self.server.data, "master.key").exists())
        self.assertNotIn("BERTH_MASTER_KEY", self.server.cli("config", "--data", self.server.data).stdout)


class Delivery(unittest.TestCase):
    """A session in a container gets what its user has and lets its template have."""

    @classmethod
    def setUpClass(cls):
        cls.server = Berth(engine="container").start()
        wait_for("the image of template terminal", lambda: cls.server.call("GET", "/api/v1/templates/terminal").json()["image"]["state"] == "present", 600)
        cls.server.add_template("asking", {"command": ["sleep", "infinity"], "secrets": [{"name": "TOKEN", "required": True}, {"name": "OTHER"}],
                                           "files": [{"path": "/tmp/key", "secret": "KEY", "live": True}], "userFiles": {"path": "/tmp/uploads", "live": True}},
                                access=[{"name": "shell", "component": "main", "kind": "terminal"}])

    @classmethod
    def tearDownClass(cls):
        cls.server.clean()

    def run_inside(self, *words, check=True):
        return self.server.cli("exec", "asked", "--", *words, check=check)

    def content(self, path):
        return self.run_inside("cat", path, check=False).stdout

    def set(self, name, value):
        self.server.cli("secrets", "set", name, stdin=value)

    def test_the_whole_way(self):
        refused = self.server.cli("launch", "asking", "--name", "asked", check=False)
        self.assertIn("needs your secret TOKEN, which you have not set", refused.stderr)
        self.set("TOKEN", VALUE)
        self.set("KEY", VALUE + "-key")
        put_file(self.server, "in/a.csv", b"1,2\n")
        refused = self.server.cli("launch", "asking", "--name", "asked", check=False)
        self.assertIn("you have not agreed yet", refused.stderr)
        self.server.cli("launch", "asking", "--name", "asked", "-y", "--wait")
        self.assertEqual(self.run_inside("sh", "-c", "tr '\\0' '\\n' < /proc/$(pgrep -o sleep)/environ | grep ^TOKEN=").stdout, f"TOKEN={VALUE}\n")
        self.assertEqual(self.content("/tmp/key"), VALUE + "-key")
        self.assertEqual(self.content("/tmp/uploads/in/a.csv"), "1,2\n")

        self.set("KEY", VALUE + "-new")
        wait_for("a live secret is written anew", lambda: self.content("/tmp/key") == VALUE + "-new", 60)
        put_file(self.server, "b.csv", b"3")
        wait_for("a new file is there", lambda: self.content("/tmp/uploads/b.csv") == "3", 60)
        self.server.cli("files", "rm", "-y", "in/a.csv")
        wait_for("a file that went is gone", lambda: self.content("/tmp/uploads/in/a.csv") == "", 60)
        self.set("TOKEN", VALUE + "-2")
        wait_for("a restart is asked for", lambda: "RestartNeeded" in str(self.server.session("asked")["status"]["conditions"]), 60)

        self.assertIn("rotated", self.server.cli("keys", "rotate").stdout)
        self.assertEqual(self.content("/tmp/key"), VALUE + "-new")
        self.no_value_is_told()
        self.server.cli("restart", "asked", "--wait")
        self.assertEqual(self.run_inside("sh", "-c", "tr '\\0' '\\n' < /proc/$(pgrep -o sleep)/environ | grep ^TOKEN=").stdout, f"TOKEN={VALUE}-2\n")

        self.assertEqual(self.server.call("DELETE", "/api/v1/users/me/consents/asking").status, 204)
        self.server.cli("restart", "asked", check=False)
        status = self.server.wait_phase("asked", "failed")["status"]
        self.assertEqual(status["reason"], "SecretMissing")
        self.server.cli("rm", "asked", "-y", "--wait")

    def no_value_is_told(self):
        """Not by the engine, the list of processes, the logs, the events or the database."""
        ids = subprocess.run(["podman", "ps", "-aq", "--filter", f"label=berth.workload={self.server.session('asked')['id']}"], capture_output=True, text=True).stdout.split()
        self.assertTrue(ids)
        said = [subprocess.run(["podman", *words, *ids], capture_output=True, text=True).stdout for words in (["inspect"], ["logs"])]
        said += [self.server.log_text(), self.server.call("GET", "/api/v1/admin/audit?limit=200").body, json.dumps(self.server.session("asked"))]
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                said.append(process.read_bytes().decode(errors="replace"))
            except OSError:
                continue
        self.assertEqual([text for text in said if VALUE in text], [])
        for file in Path(self.server.data).glob("berth.db*"):
            self.assertNotIn(VALUE.encode(), file.read_bytes())


if __name__ == "__main__":
    unittest.main(verbosity=1)
