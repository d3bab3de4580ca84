"""Rows and custom resources tell the same: a real Berth on a real API server, spoken to by its API and by kubectl.

Needs KUBECONFIG of an administrator, and nothing but an API server: no session runs there. Removes the definitions, installs
those of deploy/chart with the policy, and leaves them there. With BERTH_TEST_NODES=1 it is a cluster with nodes, of which
nothing is removed, and what needs a running session is tried instead.
"""

import json
import os
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import crds_test
from berth import Berth, wait_for
from worlds import let_go

NODES = bool(os.environ.get("BERTH_TEST_NODES"))
NAMESPACE = f"berth-mirror-{os.getpid()}"
KINDS = ("templates", "sessions", "workspaces")
berth = None


def kubectl(*words, **more):
    return crds_test.kubectl(*words, "-n", NAMESPACE, **more)


def must(*words, **more):
    done, said = kubectl(*words, **more)
    if not done:
        raise AssertionError(f"kubectl {' '.join(words)}: {said}")
    return said


def get(kind, name):
    """The object, or an empty one."""
    said = must("get", f"{kind}.berth.dev", name, "-o", "json", "--ignore-not-found")
    return json.loads(said) if said.strip() else {}


def listed(kind):
    return json.loads(must("get", f"{kind}.berth.dev", "-o", "json"))["items"]


def accepted(kind, name):
    """`True`, or `False Reason: message`."""
    for each in get(kind, name).get("status", {}).get("conditions", []):
        if each["type"] == "Accepted":
            return "True" if each["status"] == "True" else f"{each['status']} {each['reason']}: {each['message']}"
    return ""


def resource(kind, name, /, **spec):
    return json.dumps({"apiVersion": "berth.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec})


def apply(kind, name, /, **spec):
    must("apply", "-f", "-", text=resource(kind, name, **spec))


def patch(kind, name, /, **spec):
    must("patch", f"{kind}.berth.dev", name, "--type=merge", "--patch", json.dumps({"spec": spec}))


def reasons(name):
    said = must("get", "events", "--field-selector", f"involvedObject.name={name}", "-o", "json")
    return [each["reason"] for each in json.loads(said)["items"] if each["source"].get("component") == "berth"]


def install():
    crds_test.must("apply", "--server-side", "--force-conflicts", "-f", str(crds_test.DEFINITIONS), "-f", str(crds_test.POLICIES))


def call(method, path, body=None):
    return berth.call(method, f"/api/v1/{path}", body)


def load_tests(loader, suites, pattern):
    """In the order of a life: the definitions come first."""
    classes = (Whole,) if NODES else (Definitions, Mirrored, Applied, Settled)
    return unittest.TestSuite(loader.loadTestsFromTestCase(each) for each in classes)


def setUpModule():
    global berth
    if not os.environ.get("KUBECONFIG"):
        raise unittest.SkipTest("KUBECONFIG names no cluster")
    if NODES:
        install()
    else:
        crds_test.must("delete", "-f", str(crds_test.DEFINITIONS), "--ignore-not-found")
    must("create", "namespace", NAMESPACE)
    kubectl("create", "serviceaccount", "default")  # As a controller would, where there is one.
    unittest.addModuleCleanup(lambda: kubectl("delete", "namespace", NAMESPACE, "--wait=false"))
    berth = Berth("kubernetes", kubeconfig=os.environ["KUBECONFIG"], session_namespace=NAMESPACE, cpu_overcommit=20).start()
    unittest.addModuleCleanup(end)
    berth.add_user("ada")


def end():
    berth.stop()
    let_go(lambda *words: kubectl(*words)[1] if kubectl("api-resources", "--api-group=berth.dev")[0] else "")


class Definitions(unittest.TestCase):
    def test_1_berth_works_without_them_and_says_so(self):
        self.assertEqual(call("POST", "sessions", {"template": "terminal", "name": "early"}).status, 201)
        self.assertIn("the definitions are not installed", berth.log_text())
        said = berth.cli("doctor", f"--data={berth.data}", check=False).stdout
        self.assertIn("ok    custom resources: the definitions are not installed", said)

    def test_2_what_there_is_is_mirrored_once_they_are_there(self):
        install()
        wait_for("the early session", lambda: kubectl("get", "sessions.berth.dev")[0] and [each for each in listed("sessions") if each["spec"]["name"] == "early"], 90)
        wait_for("all templates", lambda: len(listed("templates")) == len(call("GET", "templates").json()["items"]), 30)
        wait_for("its workspace", lambda: [each["spec"]["name"] for each in listed("workspaces")] == ["early"], 30)

    def test_3_their_removal_ends_nothing_and_does_not_hang(self):
        crds_test.must("delete", "-f", str(crds_test.DEFINITIONS), "--timeout=60s")
        self.assertEqual(call("GET", "sessions/early").json()["state"], "running")
        install()
        wait_for("the early session again", lambda: kubectl("get", "sessions.berth.dev")[0] and [each for each in listed("sessions") if each["spec"]["name"] == "early"], 90)
        self.assertEqual(call("DELETE", "sessions/early").status, 202)
        wait_for("its end", lambda: not [each for each in listed("sessions") if each["spec"]["name"] == "early"], 60)
        wait_for("the workspace, which stays", lambda: [each["spec"]["name"] for each in listed("workspaces")] == ["early"], 30)


class Mirrored(unittest.TestCase):
    """What the API made."""

    def setUp(self):
        self.name = self.id().rsplit(".", 1)[1].replace("_", "-")[5:45].strip("-")
        made = call("POST", "sessions", {"template": "terminal", "name": self.name})
        self.assertEqual(made.status, 201, made)
        self.session = made.json()["id"]
        self.resource = wait_for("its resource", lambda: next((each["metadata"]["name"] for each in listed("sessions") if each["metadata"]["annotations"].get("berth.dev/row") == self.session), None), 30)
        self.addCleanup(lambda: call("DELETE", f"sessions/{self.session}"))

    def state(self):
        return call("GET", f"sessions/{self.session}").json()["state"]

    def test_shows_phase_and_address(self):
        seen = wait_for("its status", lambda: get("sessions", self.resource).get("status"), 30)
        self.assertEqual(seen["id"], self.session)
        self.assertIn(seen["phase"], ("pending", "starting"))
        self.assertEqual(seen["state"], "running")
        self.assertEqual(accepted("sessions", self.resource), "True")
        self.assertIn(self.resource, must("get", "berth"))

    def test_is_reverted_with_an_event(self):
        patch("sessions", self.resource, name="mine")
        wait_for("the revert", lambda: get("sessions", self.resource)["spec"]["name"] == self.name, 30)
        wait_for("the Event", lambda: "Reverted" in reasons(self.resource), 30)
        patch("templates", "terminal", displayName="Mine", tags=["x"])
        wait_for("the revert", lambda: get("templates", "terminal")["spec"]["displayName"] != "Mine", 30)

    def test_hears_an_ask_and_follows_those_of_the_api(self):
        patch("sessions", self.resource, state="hibernated")
        wait_for("the ask", lambda: self.state() == "hibernated", 30)
        wait_for("hibernated", lambda: get("sessions", self.resource)["status"].get("phase") == "hibernated", 60)
        self.assertEqual(call("POST", f"sessions/{self.session}/wake").status, 202)
        wait_for("the spec", lambda: get("sessions", self.resource)["spec"]["state"] == "running", 30)
        self.assertEqual(self.state(), "running")

    def test_ends_it_when_it_is_deleted(self):
        must("delete", "sessions.berth.dev", self.resource, "--timeout=60s")
        self.assertEqual(berth.phase(self.session), "gone")


class Applied(unittest.TestCase):
    """What kubectl made."""

    def tearDown(self):
        for kind in KINDS[::-1]:
            for each in listed(kind):
                if "berth.dev/row" not in each["metadata"].get("annotations", {}):
                    must("delete", f"{kind}.berth.dev", each["metadata"]["name"], "--timeout=60s")

    def test_a_template_and_a_session_of_it_at_once(self):
        spec = {"displayName": "Passing", "components": [{"name": "main", "image": "localhost/berth/terminal:1", "resources": {"cpu": "100m"}}],
                "volumes": [{"name": "home"}], "access": [{"name": "shell", "component": "main", "kind": "terminal"}]}
        both = [json.loads(resource("Session", "thesis", user="ada", template="passing")), json.loads(resource("Template", "passing", **spec))]
        must("apply", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": both}))
        wait_for("both accepted", lambda: accepted("templates", "passing") == accepted("sessions", "thesis") == "True", 30)
        made = call("GET", "sessions?all=true&q=thesis").json()["items"][0]
        self.assertEqual((made["user"]["name"], made["name"], made["template"], made["revision"]), ("ada", "thesis", "passing", 1))
        self.assertEqual(get("sessions", "thesis")["status"]["access"][0]["kind"], "terminal")
        # The spec is kubectl's, asks are everybody's.
        for method, path, body in (("PATCH", f"sessions/{made['id']}", {"name": "other"}),
                                   ("PUT", "templates/passing", {"document": {"apiVersion": "berth.dev/v1alpha1", "kind": "Template", "metadata": {"name": "passing"}, "spec": spec | {"displayName": "x"}}})):
            answer = call(method, path, body)
            self.assertEqual((answer.status, answer.json()["code"]), (409, "managed_by_resource"))
        self.assertEqual(call("POST", f"sessions/{made['id']}/hibernate").status, 202)
        wait_for("the ask", lambda: get("sessions", "thesis")["status"]["state"] == "hibernated", 30)
        patch("sessions", "thesis", name="Thesis, final")
        wait_for("the name", lambda: call("GET", f"sessions/{made['id']}").json()["name"] == "Thesis, final", 30)
        patch("templates", "passing", displayName="Passed")
        wait_for("the revision", lambda: get("templates", "passing")["status"]["revision"] == 2, 30)
        must("delete", "sessions.berth.dev", "thesis", "--timeout=60s")
        self.assertEqual(berth.phase(made["id"]), "gone")
        self.assertEqual(call("GET", f"workspaces/{made['workspace']['id']}").status, 200)

    def test_what_is_refused_says_why(self):
        long = [json.loads(resource("Session", name, **{"user": "ada", "template": "terminal"} | more)) for name, more in
                (("nobodys", {"user": "eve"}), ("unknown", {"template": "none"}), ("ended", {"state": "terminated"}), ("anothers", {"workspace": "wsp_0123456789abcdef"}))]
        must("apply", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": long}))
        for name, reason in (("nobodys", "UnknownUser"), ("unknown", "NotFound"), ("ended", "BeginsTerminated"), ("anothers", "NotFound")):
            wait_for(f"{name}: {reason}", lambda: accepted("sessions", name).startswith(f"False {reason}: "), 30)
            wait_for("an Event", lambda: reasons(name) == [reason], 10)

    def test_over_quota_waits_for_room(self):
        self.assertEqual(call("PATCH", "users/ada", {"quota": {"sessions": 1}}).status, 200)
        self.addCleanup(lambda: call("PATCH", "users/ada", {"quota": {}}))
        apply("Session", "one", user="ada", template="terminal")
        wait_for("the first", lambda: accepted("sessions", "one") == "True", 30)
        apply("Session", "two", user="ada", template="terminal")
        wait_for("the second waits", lambda: accepted("sessions", "two").startswith("False QuotaExceeded: your limit of sessions is 1"), 30)
        must("delete", "sessions.berth.dev", "one", "--timeout=60s")
        wait_for("the second", lambda: accepted("sessions", "two") == "True", 30)

    def test_a_workspace_in_use_is_held(self):
        apply("Workspace", "papers", user="ada", template="terminal")
        wait_for("the workspace", lambda: accepted("workspaces", "papers") == "True", 30)
        apply("Session", "thesis", user="ada", template="terminal", workspace="papers")
        wait_for("the session", lambda: get("workspaces", "papers").get("status", {}).get("session") == "thesis", 30)
        must("delete", "workspaces.berth.dev", "papers", "--wait=false")
        wait_for("why not", lambda: "WorkspaceInUse" in reasons("papers"), 30)
        must("delete", "sessions.berth.dev", "thesis", "--timeout=60s")
        wait_for("the end of the workspace", lambda: not get("workspaces", "papers"), 60)

    def test_a_copy_of_a_mirror_is_nobodys(self):
        copy = get("templates", "terminal")
        copy["metadata"] = {"name": "copy", "labels": copy["metadata"]["labels"], "annotations": copy["metadata"]["annotations"]}
        must("create", "-f", "-", text=json.dumps(copy))
        self.addCleanup(lambda: must("delete", "templates.berth.dev", "copy", "--timeout=60s"))
        wait_for("the report", lambda: accepted("templates", "copy").startswith("False NoSuchRow: "), 30)
        self.assertEqual(call("GET", "templates/copy").status, 404)

    def test_what_happens_while_berth_is_down_is_heard_later(self):
        apply("Session", "one", user="ada", template="terminal")
        wait_for("the first", lambda: accepted("sessions", "one") == "True", 30)
        made = get("sessions", "one")["status"]["id"]
        berth.kill()
        must("delete", "sessions.berth.dev", "one", "--wait=false")
        apply("Session", "two", user="ada", template="terminal")
        berth.start()
        wait_for("the deletion", lambda: berth.phase(made) == "gone", 60)
        wait_for("the second", lambda: accepted("sessions", "two") == "True", 60)


class Settled(unittest.TestCase):
    def test_nothing_is_written(self):
        def versions():
            return {each["metadata"]["uid"]: each["metadata"]["resourceVersion"] for kind in KINDS for each in listed(kind)}

        call("POST", "sessions", {"template": "terminal", "name": "still"})
        self.addCleanup(lambda: call("DELETE", "sessions/still"))
        before = {}

        def same():
            nonlocal before
            last, before = before, versions()
            return last == before

        wait_for("rest", same, 120, 10)
        berth.kill()
        berth.start()
        wait_for("rest after a start", same, 30, 10)


class Whole(unittest.TestCase):
    def test_apply_gives_a_running_session_and_delete_leaves_the_workspace(self):
        spec = {"components": [{"name": "main", "image": "localhost/berth/terminal:1", "resources": {"cpu": "100m", "memory": "128Mi"}, "mounts": [{"volume": "home", "path": "/home/berth"}]}],
                "volumes": [{"name": "home", "size": "64Mi"}], "access": [{"name": "shell", "component": "main", "kind": "terminal"}]}
        both = [json.loads(resource("Template", "whole", **spec)), json.loads(resource("Session", "whole", user="ada", template="whole"))]
        must("apply", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": both}))
        seen = wait_for("a running session", lambda: get("sessions", "whole").get("status", {}).get("phase") == "running" and get("sessions", "whole")["status"], 120)
        self.assertRegex(seen["url"], r"^http://whole-\w+\.")
        workload = seen["id"]
        self.assertTrue(must("get", "pods", "-l", f"berth.dev/workload={workload}", "-o", "name").strip())
        must("delete", "sessions.berth.dev", "whole", "--timeout=120s")
        wait_for("an end of everything", lambda: not must("get", "pods,services,secrets,configmaps,networkpolicies", "-l", f"berth.dev/workload={workload}", "-o", "name").strip(), 60)
        workspace = get("workspaces", next(each["metadata"]["name"] for each in listed("workspaces") if each["status"]["id"] == seen["workspace"]["id"]))
        self.assertTrue(must("get", "persistentvolumeclaims", workspace["status"]["volumes"][0]["handle"], "-o", "name").strip())
        must("delete", "templates.berth.dev", "whole", "--timeout=60s")


if __name__ == "__main__":
    unittest.main()
