"""What goes wrong in a cluster, for real: a Berth on the Kubernetes of `./dev cluster`, and people beside it."""

import json
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
os.environ["BERTH_TEST_ENGINE"] = "kubernetes"
from berth import Berth, wait_for

server = None


def berth(suffix="", **options):
    """A Berth with a namespace of its own."""
    made = Berth(**options)
    made.world.namespace += suffix
    made.options["session_namespace"] = made.world.namespace
    return made.start()


def setUpModule():
    global server
    server = berth("-faults")
    server.add_template("asleep", {"command": ["sleep", "10000"]})


def tearDownModule():
    server.clean()


def get(kind, selector="", of=None):
    words = ["get", kind, "-o", "json", *(["-l", selector] if selector else [])]
    return json.loads((of or server).world.kubectl(*words))["items"]


def one(kind, session):
    return next(item for item in get(kind, f"berth.dev/workload={session['id']}") if "deletionTimestamp" not in item["metadata"])


class Others(unittest.TestCase):
    def setUp(self):
        server.cli("launch", "asleep", "--name", "mine", "--wait")
        self.session = server.session("mine")
        self.addCleanup(server.cli, "rm", "mine", "-y", "--wait")

    def begin(self):
        return server.cli("exec", "mine", "--", "sh", "-c", "cut -d' ' -f22 /proc/1/stat").stdout

    def test_a_policy_that_somebody_opens_is_closed_again_and_nothing_restarts(self):
        before, begun = one("networkpolicies", self.session), self.begin()
        server.world.kubectl("patch", "networkpolicy", before["metadata"]["name"], "--type=merge", "--patch", json.dumps({"spec": {"egress": [{}], "ingress": [{}]}}))
        after = wait_for("the policy as it was", lambda: (now := one("networkpolicies", self.session))["spec"] == before["spec"] and now, 20)
        self.assertEqual(after["metadata"]["uid"], before["metadata"]["uid"])
        self.assertEqual(self.begin(), begun)
        self.assertIn("put back what somebody changed", server.log_text())
        time.sleep(2)
        settled = one("networkpolicies", self.session)["metadata"]["resourceVersion"]
        time.sleep(3)
        self.assertEqual(one("networkpolicies", self.session)["metadata"]["resourceVersion"], settled, "a settled system makes no writes")

    def test_whatever_of_it_is_deleted_is_made_again(self):
        for kind in ("networkpolicies", "secrets", "pods", "configmaps"):
            before = one(kind, self.session)["metadata"]
            server.world.kubectl("delete", kind, before["name"], "--grace-period=1", "--wait=false")
            wait_for(f"another of {kind}", lambda: any(item["metadata"]["uid"] != before["uid"] for item in get(kind, f"berth.dev/workload={self.session['id']}")), 60)
            server.wait_phase("mine", "running")
        wait_for("a program", lambda: server.cli("exec", "mine", "--", "true", check=False).returncode == 0, 30)

    def test_a_drained_node_moves_the_session_and_says_why(self):
        node = one("pods", self.session)["spec"]["nodeName"]
        seen = self.last_event()
        server.world.kubectl("cordon", node)
        try:
            pod = one("pods", self.session)["metadata"]
            eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod["name"], "namespace": pod["namespace"]}}
            server.world.kubectl("create", "--raw", f"/api/v1/namespaces/{pod['namespace']}/pods/{pod['name']}/eviction", "-f", "-", stdin=json.dumps(eviction))
            moving = wait_for("the session moving", lambda: (now := server.session("mine")["status"])["reason"] == "Moving" and now, 20)
            self.assertIn("its node is being emptied", moving["message"])
            # There is no other node.
            wait_for("the scheduler's words", lambda: "no node takes it" in server.session("mine")["status"]["message"], 30)
            self.assertIn("its node is being emptied", server.session("mine")["status"]["message"])
        finally:
            server.world.kubectl("uncordon", node)
        status = server.wait_phase("mine", "running")["status"]
        self.assertEqual((status["reason"], status["message"]), ("", ""))
        self.assertEqual(status["components"][0]["restarts"], 0)
        self.assertNotEqual(one("pods", self.session)["metadata"]["uid"], pod["uid"])
        told = [event for event in server.call("GET", f"/api/v1/sessions/{self.session['id']}/events").json()["items"] if event["sequence"] > seen]
        self.assertIn("its node is being emptied", json.dumps(told))

    def last_event(self):
        return max(event["sequence"] for event in server.call("GET", f"/api/v1/sessions/{self.session['id']}/events").json()["items"])

    def test_use_is_known(self):
        def usage():
            answer = server.call("GET", "/api/v1/sessions/mine/usage")
            self.assertEqual(answer.status, 200, answer)
            return answer.json()

        usage()
        server.cli("exec", "mine", "--", "python3", "-c", "import time; end = time.time() + 1\nwhile time.time() < end: pass")
        now = usage()
        self.assertRegex(str(now["memory"]), r"^[1-9]")
        self.assertNotEqual(str(now["cpu"]), "0", now)


class Waiting(unittest.TestCase):
    def test_a_storage_class_that_is_not_there_and_a_pull_secret_that_is_not_there(self):
        other = berth("-storage", storage_class="there-is-none", pull_secrets="not-there")
        try:
            other.cli("launch", "terminal", "--name", "homeless")
            said = wait_for("why", lambda: (text := other.session("homeless")["status"]["message"]) and "there-is-none" in text and text, 60)
            self.assertIn("volume \"berth-", said)
            other.add_template("nowhere", {"image": "registry.invalid/berth/nothing:1"})
            other.cli("launch", "nowhere", "--name", "pulled")
            status = wait_for("why", lambda: (now := other.session("pulled")["status"]) and now.get("reason") == "ImagePullFailed" and "not-there" in now["message"] and now, 120)
            self.assertIn("registry.invalid/berth/nothing:1", status["message"])
        finally:
            other.clean()

    def test_what_a_node_cannot_give_is_said_by_the_scheduler(self):
        server.add_template("giant", {"command": ["sleep", "1"], "resources": {"cpu": "100m", "memory": "900Gi"}})
        quota = {"sessions": 200, "running": 60, "cpu": "200", "memory": "2000Gi", "workspaces": 400}
        self.assertIn(server.call("PUT", "/api/v1/quota", quota).status, (200, 204))
        server.cli("launch", "giant", "--name", "giant")
        said = wait_for("why", lambda: (text := server.session("giant")["status"]["message"]) and "nsufficient memory" in text and text, 30)
        self.assertRegex(said, r'^"main": no node takes it: 0/\d+ nodes are available')
        server.cli("rm", "giant", "-y", "--wait")


class Namespace(unittest.TestCase):
    def test_a_namespace_deleted_under_a_session_is_made_again_and_the_session_runs_in_it(self):
        other = berth("-gone")
        try:
            other.add_template("asleep", {"command": ["sleep", "10000"]})
            other.cli("launch", "asleep", "--name", "mine", "--wait")
            other.world.kubectl("delete", "namespace", other.world.namespace, "--wait=false")
            before = other.session("mine")["id"]
            wait_for("the session not running", lambda: other.phase("mine") != "running", 60)
            other.wait_phase("mine", "running", limit=180)
            self.assertEqual(other.session("mine")["id"], before)
            self.assertEqual(other.cli("exec", "mine", "--", "echo", "here").stdout, "here\n")
        finally:
            other.clean()


if __name__ == "__main__":
    unittest.main(verbosity=1)
