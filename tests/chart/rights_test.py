"""Least rights: what the chart grants, what docs/kubernetes.md says of it, and what Berth asks for are the same."""

import json
import os
import re
import tempfile
import time
import unittest
from pathlib import Path

from chart import CHART, HELM, PUBLIC, ROOT, get, kubectl, one, run, template, values_file
from recorder import Recorder, right_of
from berth import Berth, wait_for


def granted(objects, kind, name=None):
    """(verb, group/resource) of the rules of a Role or ClusterRole; without a name of the only one."""
    rights = set()
    for rule in one(objects, kind, name)["rules"]:
        for group in rule["apiGroups"]:
            rights |= {(verb, f"{group}/{resource}" if group else resource) for resource in rule["resources"] for verb in rule["verbs"]}
    return rights


def with_routes(kind, **sessions):
    return PUBLIC | {"sessions": {"routes": kind} | sessions, "httpRoute": {"parentRefs": [{"name": "public"}]}}


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def documented():
    """The rows of the table of rights: where it is granted -> (verb, group/resource)."""
    section = (ROOT / "docs/kubernetes.md").read_text().split("\n## Rights\n")[1].split("\n## ")[0]
    rights = {}
    for where, resource, verbs, why in re.findall(r"^\| ([^|]+) \| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", section, re.M):
        assert why.strip(), resource
        rights.setdefault(where, set()).update((verb.strip(), resource) for verb in verbs.split(","))
    return rights


class Table(unittest.TestCase):
    def test_says_what_the_chart_grants(self):
        table = documented()
        usual, forward = template(), template({"sessions": {"podAccess": "forward"}})
        self.assertEqual(set(table), {"Role", "Role, `forward`", "ClusterRole", "Role of `ingress`", "Role of `httpRoute`"})
        self.assertEqual(table["Role"], granted(usual, "Role"))
        self.assertEqual(table["Role"] | table["Role, `forward`"], granted(forward, "Role"))
        self.assertEqual(table["ClusterRole"], granted(usual, "ClusterRole"))
        for kind in ("ingress", "httpRoute"):
            routed = template(with_routes(kind))
            self.assertEqual(table[f"Role of `{kind}`"], granted(routed, "Role", "berth-routes"))
            self.assertEqual(table["Role"], granted(routed, "Role", "berth-sessions"), "what routes need is beside the service")
            self.assertEqual(one(routed, "Role", "berth-routes")["rules"][0]["resourceNames"], ["berth"])

    def test_binds_the_account_of_berth_and_nobody_else(self):
        for each in template(release="lab", namespace="tools"):
            if each["kind"].endswith("RoleBinding"):
                self.assertEqual(each["subjects"], [{"kind": "ServiceAccount", "name": "lab-berth", "namespace": "tools"}])

    def test_names_every_request_as_rbac_does(self):
        for method, target, right in (
            ("GET", "/api/v1/namespaces/x/pods?limit=500", ("list", "pods")),
            ("GET", "/api/v1/namespaces/x/pods?watch=1", ("watch", "pods")),
            ("GET", "/api/v1/namespaces/x/pods/y/log?follow=true", ("get", "pods/log")),
            ("DELETE", "/apis/networking.k8s.io/v1/namespaces/x/networkpolicies/y", ("delete", "networking.k8s.io/networkpolicies")),
            ("GET", "/api/v1/namespaces/x", ("get", "namespaces")),
            ("POST", "/api/v1/namespaces", ("create", "namespaces")),
            ("GET", "/apis/storage.k8s.io/v1/storageclasses", ("list", "storage.k8s.io/storageclasses")),
            ("GET", "/version", None),
        ):
            self.assertEqual(right_of(method, target), right, target)


@unittest.skipUnless(os.environ.get("KUBECONFIG"), "no API server: KUBECONFIG is not set")
class Asked(unittest.TestCase):
    """A real Berth works with the chart's account against a real API server that has neither nodes nor controllers: pods
    are what the test says they are, and what belonged to something that went stays, so that Berth has to clear it away."""

    def setUp(self):
        self.namespace = f"berth-rights-{os.getpid()}"
        self.sessions = self.namespace + "-sessions"
        kubectl("create", "namespace", self.namespace)
        self.addCleanup(lambda: kubectl("delete", "namespace", self.namespace, self.sessions, "--wait=false", check=False))

    def pods(self):
        return get("-n", self.sessions, "pods")["items"]

    def set_state(self, phase, state, ready):
        for pod in self.pods():
            name = pod["spec"]["containers"][0]["name"]
            container = {"name": name, "image": "x", "imageID": "x", "ready": ready, "restartCount": 0, "state": state}
            status = {"phase": phase, "podIP": "198.51.100.9", "podIPs": [{"ip": "198.51.100.9"}], "containerStatuses": [container]}
            kubectl("-n", self.sessions, "patch", "pod", pod["metadata"]["name"], "--subresource=status", "--type=merge", "--patch", json.dumps({"status": status}), check=False)

    def install(self, values):
        """The chart, and a kubeconfig with its account, whose requests are recorded."""
        with values_file(values) as file:
            run(HELM, "install", "berth", CHART, "--namespace", self.namespace, "--values", file.name)
            # Cluster-wide objects go with it.
            self.addCleanup(lambda: run(HELM, "uninstall", "berth", "--namespace", self.namespace, check=False))
        token = kubectl("-n", self.namespace, "create", "token", "berth").stdout.strip()
        recorder = Recorder(os.environ["KUBECONFIG"], token)
        self.addCleanup(recorder.close)
        folder = Path(tempfile.mkdtemp(prefix="berth-rights-"))
        self.addCleanup(lambda: run("rm", "-rf", folder))
        return recorder, recorder.kubeconfig(folder / "kubeconfig")

    def test_what_routes_need_is_what_the_chart_grants(self):
        """Sessions answer nowhere here, so the engine alone is told to lead hosts and to lead them no more."""
        for kind in ("ingress", "httpRoute"):
            with self.subTest(kind):
                recorder, config = self.install(with_routes(kind, namespace=self.sessions))
                env = {"BERTH_TEST_KUBECONFIG": str(config), "BERTH_TEST_NAMESPACE": self.sessions, "BERTH_TEST_SERVICE": f"{self.namespace}/berth:80", "BERTH_TEST_ROUTES": kind}
                done = run(ROOT / "build/release/tests/e2e/e2e_routes_test", env=env, check=False)
                self.assertEqual(done.returncode, 0, done.stdout[-3000:])
                self.assertIn("PASSED", done.stdout)
                rights = granted(template(with_routes(kind, namespace=self.sessions)), "Role", "berth-routes")
                self.assertEqual(recorder.refused, [])
                self.assertEqual(sorted(rights - recorder.asked), [], "granted and never asked for")
                run(HELM, "uninstall", "berth", "--namespace", self.namespace)

    def test_what_berth_asks_for_is_what_the_chart_grants(self):
        values = {"sessions": {"namespace": self.sessions, "podAccess": "forward"}}
        recorder, config = self.install(values)
        berth = Berth("kubernetes", kubeconfig=config, session_namespace=self.sessions, pod_access="forward").start()
        self.addCleanup(berth.stop)

        def step(right):
            wait_for(f"a request to {right}, but only {sorted(recorder.asked)}; refused: {recorder.refused}", lambda: right in recorder.asked, 30)

        self.assertEqual(berth.call("POST", "/api/v1/engines/check").status, 200)
        # As a controller would.
        kubectl("-n", self.sessions, "create", "serviceaccount", "default")
        names = ("linked", "terminal")
        for name in names:
            self.assertEqual(berth.call("POST", "/api/v1/sessions", {"template": name, "name": name}).status, 201)
        wait_for("three pods", lambda: len(self.pods()) == 3, 30)
        self.set_state("Running", {"running": {"startedAt": now()}}, True)
        step(("get", "pods/portforward"))
        self.set_state("Failed", {"terminated": {"exitCode": 1, "finishedAt": now()}}, False)
        step(("get", "pods/log"))
        for name in names:
            berth.call("POST", f"/api/v1/sessions/{name}/hibernate")
            berth.wait_phase(name, "hibernated", limit=60)
            berth.call("POST", f"/api/v1/sessions/{name}/wake")
        wait_for("pods again", self.pods, 60)
        for item in berth.call("GET", "/api/v1/sessions").json()["items"]:
            berth.call("DELETE", f"/api/v1/sessions/{item['id']}")
        wait_for("no pod", lambda: not self.pods(), 60)
        for workspace in berth.call("GET", "/api/v1/workspaces").json()["items"]:
            wait_for("the workspace deleted", lambda: berth.call("DELETE", f"/api/v1/workspaces/{workspace['id']}").status in (202, 204, 404), 30)
        step(("delete", "persistentvolumeclaims"))

        objects = template(values)
        rights = granted(objects, "Role") | granted(objects, "ClusterRole")
        self.assertEqual(recorder.refused, [])
        self.assertEqual(sorted(recorder.asked - rights), [], "asked for and not granted")
        self.assertEqual(sorted(rights - recorder.asked), [], "granted and never asked for")


if __name__ == "__main__":
    unittest.main()
