"""Least rights: what the chart grants, what docs/kubernetes.md says of it, and what Berth asks for are the same."""

import itertools
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
from several import Several


def granted(objects, kind, name=None):
    """(verb, group/resource) of the rules of the only Role or ClusterRole, or of the one of that name."""
    rights = set()
    for rule in one(objects, kind, name)["rules"]:
        for group in rule["apiGroups"]:
            rights |= {(verb, f"{group}/{resource}" if group else resource) for resource in rule["resources"] for verb in rule["verbs"]}
    return rights


numbers = itertools.count(1)
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
        self.assertEqual(set(table), {"Role", "Role, `forward`", "own Role, `database`", "ClusterRole", "ClusterRole, `auto`", "ClusterRole, `user`", "Role of `ingress`", "Role of `httpRoute`"})
        self.assertEqual(table["Role"], granted(usual, "Role"))
        self.assertEqual(table["Role"] | table["Role, `forward`"], granted(forward, "Role"))
        self.assertEqual(table["ClusterRole"], granted(usual, "ClusterRole"))
        several = template({"database": {"existingSecret": "db"}})
        self.assertEqual(table["Role"], granted(several, "Role", "berth-sessions"))
        self.assertEqual(table["own Role, `database`"], granted(several, "Role", "berth-leader"))
        asked = template({"sessions": {"userNamespaces": "auto"}})
        self.assertEqual(table["ClusterRole"] | table["ClusterRole, `auto`"], granted(asked, "ClusterRole"))
        for mode in ("user", "workspace"):
            apart = template({"sessions": {"namespaces": mode, "namespaceQuota": True}})
            self.assertEqual(table["ClusterRole"] | table["ClusterRole, `user`"], granted(apart, "ClusterRole"))
            mirror = {right for right in table["Role"] if right[1].startswith("berth.dev/") or right == ("create", "events")}
            self.assertEqual(granted(apart, "Role"), mirror | {("get", "namespaces")})
        without = granted(template({"sessions": {"namespaces": "user"}}), "ClusterRole")
        self.assertEqual({resource for _, resource in without} & {"resourcequotas", "limitranges"}, set())
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

    def through_the_mirror(self, berth, step):
        """What rows and custom resources do to each other."""
        document = {"apiVersion": "berth.dev/v1alpha1", "kind": "Template", "metadata": {"name": "passing"}, "spec": {"components": [{"name": "a", "image": "b"}]}}
        self.assertEqual(berth.call("POST", "/api/v1/templates", {"document": document}).status, 201)
        # A change of what has no resource yet would come with the resource.
        for kind in ("templates", "sessions", "workspaces"):
            rows = len(berth.call("GET", f"/api/v1/{kind}").json()["items"])
            wait_for(f"the {kind}", lambda: len([each for each in get("-n", self.sessions, f"{kind}.berth.dev")["items"] if each.get("status")]) == rows, 30)
        document["spec"]["displayName"] = "Passing"
        self.assertEqual(berth.call("PUT", "/api/v1/templates/passing", {"document": document}).status, 200)
        step(("update", "berth.dev/templates"))
        self.assertEqual(berth.call("DELETE", "/api/v1/templates/passing").status, 204)
        step(("patch", "berth.dev/templates"))
        self.assertEqual(berth.call("PATCH", "/api/v1/sessions/terminal", {"name": "other"}).status, 200)
        step(("update", "berth.dev/sessions"))
        self.assertEqual(berth.call("PATCH", "/api/v1/sessions/other", {"name": "terminal"}).status, 200)
        workspace = berth.call("GET", "/api/v1/workspaces").json()["items"][0]["id"]
        step(("update", "berth.dev/workspaces/status"))
        self.assertEqual(berth.call("PATCH", f"/api/v1/workspaces/{workspace}", {"name": "others"}).status, 200)
        step(("update", "berth.dev/workspaces"))
        kubectl("-n", self.sessions, "patch", "template.berth.dev", "terminal", "--type=merge", "--patch", '{"spec": {"displayName": "Mine"}}')
        step(("create", "events"))

    def be_the_controllers(self):
        """Gives each namespace its service account, and counts what its quotas hold: nothing."""
        for home in self.homes():
            kubectl("-n", home, "create", "serviceaccount", "default", check=False)
            for quota in get("-n", home, "resourcequotas")["items"]:
                hard = quota["spec"]["hard"]
                status = {"hard": hard, "used": {key: "0" for key in hard}}
                kubectl("-n", home, "patch", "resourcequota", quota["metadata"]["name"], "--subresource=status", "--type=merge", "--patch", json.dumps({"status": status}), check=False)

    def be_the_collector(self):
        """Takes away what belonged to something that went, and claims that nobody uses."""
        for home in self.homes():
            kubectl("-n", home, "delete", "services,secrets,networkpolicies", "-l", "berth.dev/workload", "--wait=false", check=False)
            for claim in get("-n", home, "persistentvolumeclaims")["items"]:
                kubectl("-n", home, "patch", "persistentvolumeclaim", claim["metadata"]["name"], "--type=merge", "--patch", '{"metadata": {"finalizers": null}}', check=False)

    def install(self, values):
        """The chart, and a kubeconfig with its account, whose requests are recorded."""
        with values_file(values) as file:
            run(HELM, "install", "berth", CHART, "--namespace", self.namespace, "--values", file.name)
            # Cluster-wide objects go with it.
            self.addCleanup(lambda: run(HELM, "uninstall", "berth", "--namespace", self.namespace, check=False))
        recorder = Recorder(os.environ["KUBECONFIG"], kubectl("-n", self.namespace, "create", "token", "berth").stdout.strip())
        self.addCleanup(recorder.close)
        return recorder

    def kubeconfig(self, recorder):
        folder = Path(tempfile.mkdtemp(prefix="berth-rights-"))
        self.addCleanup(lambda: run("rm", "-rf", folder))
        return recorder.kubeconfig(folder / "kubeconfig")

    def start(self, recorder, **config):
        berth = Berth("kubernetes", kubeconfig=self.kubeconfig(recorder), session_namespace=self.sessions, pod_access="forward", **config).start()
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
        self.through_the_mirror(berth, step)
        wait_for("three pods", three_pods, 60)
        # No node takes them: what do the claims say?
        step(("list", "events"))
        for kind, part in (("networkpolicies", {"ingress": [{}]}), ("services", {"type": "NodePort"})):
            home, name = next((home, each["metadata"]["name"]) for home in self.homes() for each in get("-n", home, kind, "-l", "berth.dev/workload")["items"])
            kubectl("-n", home, "patch", kind, name, "--type=merge", "--patch", json.dumps({"spec": part}))
            step(("update", f"networking.k8s.io/{kind}" if kind == "networkpolicies" else kind))
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
        step(("patch", "berth.dev/workspaces"))
        yield "at the end"

    def compare(self, values, recorder):
        objects = template(values)
        rights = granted(objects, "Role") | granted(objects, "ClusterRole")
        # Asked for by the admission policy, on each create and change: without it all of them are refused.
        unheard = {right for right in rights if right[0] == "launch-as"}
        self.assertEqual({right[1] for right in unheard}, {"berth.dev/sessions", "berth.dev/workspaces"})
        rights -= unheard
        self.assertEqual(recorder.refused, [])
        self.assertEqual(sorted(recorder.asked - rights), [], "asked for and not granted")
        self.assertEqual(sorted(rights - recorder.asked), [], "granted and never asked for")

    def lease(self):
        return json.loads(kubectl("-n", self.namespace, "get", "lease", "berth", "-o", "json", check=False).stdout or "null")

    def test_who_leads_is_shown_with_the_rights_for_it_and_a_lease_of_somebody_else_is_left_alone(self):
        values = {"sessions": {"namespace": self.sessions, "podAccess": "forward"}, "database": {"existingSecret": "db"}, "replicas": 0}
        with values_file(values) as file:
            run(HELM, "install", "berth", CHART, "--namespace", self.namespace, "--values", file.name)
            self.addCleanup(lambda: run(HELM, "uninstall", "berth", "--namespace", self.namespace, check=False))
        recorder = Recorder(os.environ["KUBECONFIG"], kubectl("-n", self.namespace, "create", "token", "berth").stdout.strip())
        self.addCleanup(recorder.close)
        folder = Path(tempfile.mkdtemp(prefix="berth-rights-"))
        self.addCleanup(lambda: run("rm", "-rf", folder))
        several = Several(2, "kubernetes", kubeconfig=recorder.kubeconfig(folder / "kubeconfig"), session_namespace=self.sessions, pod_access="forward", lease=f"{self.namespace}/berth")
        self.addCleanup(several.close)
        leader = several.leader()
        shown = lambda: ((self.lease() or {}).get("spec") or {}).get("holderIdentity")
        wait_for("its name in the Lease", lambda: shown() == leader.holder(), 20)
        self.assertEqual(self.lease()["spec"]["leaseTransitions"], several.row()[1])
        leader.end()
        wait_for("the other's", lambda: shown() == several.leader().holder() != leader.holder(), 20)
        self.assertEqual(self.lease()["spec"]["leaseTransitions"], several.row()[1])
        asked = {right for right in recorder.asked if "lease" in right[1]}
        self.assertEqual(asked, granted(template(values), "Role", "berth-leader"))
        self.assertEqual([each for each in recorder.refused if "lease" in each], [])

        kubectl("-n", self.namespace, "delete", "lease", "berth")
        kubectl("-n", self.namespace, "create", "-f", "-", input=json.dumps({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "berth"}, "spec": {"holderIdentity": "somebody"}}))
        last = several.leader()
        added = several.add()
        last.end()
        wait_for("another leader", lambda: several.find_leader() == added, 15)
        wait_for("it says so", lambda: "belongs to somebody else" in added.log_text(), 15)
        self.assertEqual(shown(), "somebody")

    def test_what_routes_need_is_what_the_chart_grants(self):
        """Sessions answer nowhere here, so the engine alone is told to lead hosts and to lead them no more."""
        for kind in ("ingress", "httpRoute"):
            with self.subTest(kind):
                recorder = self.install(with_routes(kind, namespace=self.sessions))
                config = self.kubeconfig(recorder)
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
                self.assertEqual(answer.status, 200, answer)

        def removed():
            self.be_the_collector()
            return ("delete", "namespaces") in recorder.asked
        wait_for("the namespace removed", removed, 60)
        self.compare(values, recorder)


if __name__ == "__main__":
    unittest.main()
