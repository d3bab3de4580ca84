"""Least rights: what the chart grants, what docs/kubernetes.md says of it, and what Berth asks for are the same."""

import itertools
import json
import os
import re
import tempfile
import time
import unittest
from pathlib import Path

from chart import CHART, HELM, ROOT, get, kubectl, one, run, template, values_file
from recorder import Recorder, right_of
from berth import Berth, wait_for


def granted(objects, kind):
    """(verb, group/resource) of the rules of the only Role or ClusterRole."""
    rights = set()
    for rule in one(objects, kind)["rules"]:
        for group in rule["apiGroups"]:
            rights |= {(verb, f"{group}/{resource}" if group else resource) for resource in rule["resources"] for verb in rule["verbs"]}
    return rights


numbers = itertools.count(1)


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
        self.assertEqual(set(table), {"Role", "Role, `forward`", "ClusterRole", "ClusterRole, `auto`", "ClusterRole, `user`"})
        self.assertEqual(table["Role"], granted(usual, "Role"))
        self.assertEqual(table["Role"] | table["Role, `forward`"], granted(forward, "Role"))
        self.assertEqual(table["ClusterRole"], granted(usual, "ClusterRole"))
        asked = template({"sessions": {"userNamespaces": "auto"}})
        self.assertEqual(table["ClusterRole"] | table["ClusterRole, `auto`"], granted(asked, "ClusterRole"))
        for mode in ("user", "workspace"):
            apart = template({"sessions": {"namespaces": mode, "namespaceQuota": True}})
            self.assertEqual(table["ClusterRole"] | table["ClusterRole, `user`"], granted(apart, "ClusterRole"))
            self.assertEqual([each for each in apart if each["kind"] == "Role"], [])
        without = granted(template({"sessions": {"namespaces": "user"}}), "ClusterRole")
        self.assertEqual({resource for _, resource in without} & {"resourcequotas", "limitranges"}, set())

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
        self.namespace = f"berth-rights-{os.getpid()}-{next(numbers)}"
        self.sessions = self.namespace + "-sessions"
        kubectl("create", "namespace", self.namespace)
        self.addCleanup(self.clean_up)

    def clean_up(self):
        kubectl("delete", "namespace", self.namespace, self.sessions, *self.homes(), "--wait=false", check=False)

    def homes(self):
        """Where sessions are: the one namespace, or those that Berth made."""
        names = [each["metadata"]["name"] for each in get("namespaces")["items"] if "deletionTimestamp" not in each["metadata"]]
        return [name for name in names if name.startswith(self.sessions)]

    def pods(self):
        return [pod for home in self.homes() for pod in get("-n", home, "pods")["items"]]

    def set_state(self, phase, state, ready):
        for pod in self.pods():
            name = pod["spec"]["containers"][0]["name"]
            container = {"name": name, "image": "x", "imageID": "x", "ready": ready, "restartCount": 0, "state": state}
            status = {"phase": phase, "podIP": "198.51.100.9", "podIPs": [{"ip": "198.51.100.9"}], "containerStatuses": [container]}
            kubectl("-n", pod["metadata"]["namespace"], "patch", "pod", pod["metadata"]["name"], "--subresource=status", "--type=merge", "--patch", json.dumps({"status": status}), check=False)

    def be_the_controllers(self):
        """Gives each namespace its service account, and counts what its quotas hold: nothing."""
        for home in self.homes():
            kubectl("-n", home, "create", "serviceaccount", "default", check=False)
            for quota in get("-n", home, "resourcequotas")["items"]:
                hard = quota["spec"]["hard"]
                status = {"hard": hard, "used": {key: "0" for key in hard}}
                kubectl("-n", home, "patch", "resourcequota", quota["metadata"]["name"], "--subresource=status", "--type=merge", "--patch", json.dumps({"status": status}), check=False)

    def install(self, values):
        with values_file(values) as file:
            run(HELM, "install", "berth", CHART, "--namespace", self.namespace, "--values", file.name)
            # Cluster-wide objects go with it.
            self.addCleanup(lambda: run(HELM, "uninstall", "berth", "--namespace", self.namespace, check=False))
        recorder = Recorder(os.environ["KUBECONFIG"], kubectl("-n", self.namespace, "create", "token", "berth").stdout.strip())
        self.addCleanup(recorder.close)
        return recorder

    def start(self, recorder, **config):
        folder = Path(tempfile.mkdtemp(prefix="berth-rights-"))
        self.addCleanup(lambda: run("rm", "-rf", folder))
        berth = Berth("kubernetes", kubeconfig=recorder.kubeconfig(folder / "kubeconfig"), session_namespace=self.sessions, pod_access="forward", **config).start()
        self.addCleanup(berth.stop)
        return berth

    def live(self, berth, recorder):
        """Everything that sessions do, so that every right is used."""
        def step(right):
            wait_for(f"a request to {right}, but only {sorted(recorder.asked)}; refused: {recorder.refused}", lambda: right in recorder.asked, 30)

        def three_pods():
            self.be_the_controllers()
            return len(self.pods()) == 3

        self.assertEqual(berth.call("POST", "/api/v1/engines/check").status, 200)
        names = ("linked", "terminal")
        for name in names:
            self.assertEqual(berth.call("POST", "/api/v1/sessions", {"template": name, "name": name}).status, 201)
        wait_for("three pods", three_pods, 60)
        self.set_state("Running", {"running": {"startedAt": now()}}, True)
        step(("get", "pods/portforward"))
        self.set_state("Failed", {"terminated": {"exitCode": 1, "finishedAt": now()}}, False)
        step(("get", "pods/log"))
        for name in names:
            berth.call("POST", f"/api/v1/sessions/{name}/hibernate")
            berth.wait_phase(name, "hibernated", limit=60)
        yield "at rest"
        for name in names:
            berth.call("POST", f"/api/v1/sessions/{name}/wake")
        wait_for("pods again", self.pods, 60)
        for item in berth.call("GET", "/api/v1/sessions").json()["items"]:
            berth.call("DELETE", f"/api/v1/sessions/{item['id']}")
        wait_for("no pod", lambda: not self.pods(), 60)
        for workspace in berth.call("GET", "/api/v1/workspaces").json()["items"]:
            wait_for("the workspace deleted", lambda: berth.call("DELETE", f"/api/v1/workspaces/{workspace['id']}").status in (202, 204, 404), 30)
        step(("delete", "persistentvolumeclaims"))
        yield "at the end"

    def compare(self, values, recorder):
        objects = template(values)
        rights = granted(objects, "ClusterRole") | (granted(objects, "Role") if any(each["kind"] == "Role" for each in objects) else set())
        self.assertEqual(recorder.refused, [])
        self.assertEqual(sorted(recorder.asked - rights), [], "asked for and not granted")
        self.assertEqual(sorted(rights - recorder.asked), [], "granted and never asked for")

    def test_what_berth_asks_for_is_what_the_chart_grants(self):
        values = {"sessions": {"namespace": self.sessions, "podAccess": "forward"}}
        recorder = self.install(values)
        berth = self.start(recorder)
        list(self.live(berth, recorder))
        self.compare(values, recorder)

    def test_with_namespaces_for_each_user_it_asks_for_what_the_chart_grants_then(self):
        values = {"sessions": {"namespace": self.sessions, "podAccess": "forward", "namespaces": "user", "namespaceQuota": True, "userNamespaces": "auto"}}
        recorder = self.install(values)
        berth = self.start(recorder, session_namespaces="user", namespace_quota="true", user_namespaces="auto")
        for moment in self.live(berth, recorder):
            if moment == "at rest":
                user = berth.call("GET", "/api/v1/users/me").json()
                answer = berth.call("PATCH", f"/api/v1/users/{user['id']}", {"quota": {"memory": "12Gi"}})
                self.assertEqual(answer.status, 200, answer.text)
        wait_for(f"the namespace removed: {sorted(recorder.asked)}", lambda: ("delete", "namespaces") in recorder.asked, 60)
        self.compare(values, recorder)


if __name__ == "__main__":
    unittest.main()
