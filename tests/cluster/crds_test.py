"""The custom resources on a real API server: what it takes and refuses, and to whom the policy listens.

Needs KUBECONFIG of an administrator; an API server without controllers is enough. KUBECTL names the program.
Installs the definitions and the policy of deploy/chart, and leaves them there.
"""

import json
import os
import secrets
import shutil
import subprocess
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEFINITIONS = ROOT / "deploy/chart/crds/berth.yaml"
POLICIES = ROOT / "deploy/chart/templates/admission.yaml"
KINDS = {"templates": "btpl", "sessions": "bses", "workspaces": "bws"}
NAMESPACE = "crds-test-" + secrets.token_hex(4)
PATIENCE = 60  # Seconds until what was applied has to hold.


def kubectl_program():
    return os.environ.get("KUBECTL") or shutil.which("kubectl") or str(ROOT / ".cache/cluster/bin/kubectl")


def kubectl(*words, text=None, user=None):
    """What kubectl says, and whether it was done. `user` is who asks; an administrator otherwise."""
    command = [kubectl_program(), "-n", NAMESPACE, *(["--as", user] if user else []), *words]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=PATIENCE)
    return done.returncode == 0, done.stdout + done.stderr


def must(*words, **more):
    done, said = kubectl(*words, **more)
    if not done:
        raise AssertionError(f"kubectl {' '.join(words)}: {said}")
    return said


def until(holds, what):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE} s: {what}")
        time.sleep(0.2)


def resource(kind, name, /, **spec):
    return json.dumps({"apiVersion": "berth.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec})


def session(name="thesis", /, **spec):
    return resource("Session", name, **{"user": "ada", "template": "notebook", **spec})


def workspace(name="papers", /, **spec):
    return resource("Workspace", name, **{"user": "ada", "template": "notebook", **spec})


def try_create(text, user=None):
    return kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", text=text, user=user)


def conditions(name):
    found = json.loads(must("get", "crd", name, "-o", "json"))
    return {one["type"]: one["status"] for one in found.get("status", {}).get("conditions", [])}


def roles():
    """ada and bob may do everything to sessions and workspaces that RBAC can grant, portal also for others."""
    verbs = ["get", "list", "create", "update", "patch", "delete"]
    both = ["sessions", "sessions/status", "workspaces", "workspaces/status"]

    def role(name, names, more):
        rule = {"apiGroups": ["berth.dev"], "resources": both, "verbs": verbs + more}
        subjects = [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": one} for one in names]
        rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": name}}
        yield {**rbac, "kind": "Role", "rules": [rule]}
        yield {**rbac, "kind": "RoleBinding", "subjects": subjects,
               "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}}

    items = [*role("people", ["ada", "bob"], []), *role("portal", ["portal"], ["launch-as"])]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def setUpModule():
    if not os.environ.get("KUBECONFIG"):
        raise unittest.SkipTest("KUBECONFIG names no cluster")
    must("apply", "--server-side", "--force-conflicts", "-f", str(DEFINITIONS), "-f", str(POLICIES))
    must("create", "namespace", NAMESPACE)
    must("apply", "-f", "-", text=roles())
    for plural in KINDS:
        name = f"{plural}.berth.dev"
        until(lambda: conditions(name).get("Established") == "True", f"{name} established")
        until(lambda: kubectl("get", name)[0], f"{name} served")
    # A policy holds a moment after it was written.
    until(lambda: not try_create(session(user="bob"), user="ada")[0], "the policy of users refuses")
    crowded = json.loads(session())
    crowded["metadata"]["labels"] = {f"example.org/{number}": "x" for number in range(65)}
    until(lambda: not try_create(json.dumps(crowded), user="ada")[0], "the policy of bounds refuses")


def tearDownModule():
    for plural in KINDS:
        kubectl("delete", f"{plural}.berth.dev", "--all", "--wait=false")
    kubectl("delete", "namespace", NAMESPACE, "--wait=false")


class Case(unittest.TestCase):
    def taken(self, text, **more):
        done, said = try_create(text, **more)
        self.assertTrue(done, said)

    def refused(self, text, because, **more):
        done, said = try_create(text, **more)
        self.assertFalse(done, text)
        self.assertIn(because, said)


class Definitions(Case):
    def test_they_are_structural_and_established(self):
        for plural in KINDS:
            found = conditions(f"{plural}.berth.dev")
            self.assertEqual(found.get("NamesAccepted"), "True")
            self.assertNotIn("NonStructuralSchema", found)

    def test_applying_them_again_changes_nothing(self):
        def versions():
            return json.loads(must("get", "crd", *(f"{plural}.berth.dev" for plural in KINDS), "-o", "json"))["items"]

        before = [one["metadata"]["generation"] for one in versions()]
        must("apply", "--server-side", "--force-conflicts", "-f", str(DEFINITIONS))
        self.assertEqual(before, [one["metadata"]["generation"] for one in versions()])

    def test_short_names_and_the_category_lead_to_them(self):
        for plural, short in KINDS.items():
            self.assertTrue(kubectl("get", short)[0], plural)
        self.assertTrue(kubectl("get", "berth")[0])

    def test_explain_says_what_the_reference_says(self):
        self.assertIn("Asks for it", must("explain", "sessions.spec.state", "--api-version=berth.dev/v1alpha1"))

    def test_the_policy_is_well_typed(self):
        for name in ("users.berth.dev", "bounds.berth.dev"):
            found = json.loads(must("get", "validatingadmissionpolicy", name, "-o", "json"))
            checked = found.get("status", {}).get("typeChecking", {})  # By a controller, where there is one.
            self.assertEqual(checked.get("expressionWarnings", []), [])


class Templates(Case):
    def test_each_starter_template_is_taken_as_it_stands(self):
        for path in sorted(ROOT.glob("images/*/template.yaml")):
            with self.subTest(path.parent.name):
                self.taken(path.read_text())

    def test_the_cluster_judges_as_the_program_does(self):
        base = (ROOT / "tests/cluster/crds_template.yaml").read_text()
        cases = json.loads((ROOT / "tests/cluster/crds_cases.json").read_text())
        self.taken(base)
        with ThreadPoolExecutor(4) as pool:
            said = pool.map(lambda case: try_create(base.replace(case["replace"], case["by"], 1)), cases)
            for case, (done, words) in zip(cases, said):
                with self.subTest(case["why"]):
                    self.assertEqual(done, case["taken"], words)
                    if "should match" not in words:  # What looks wrong cannot be reckoned with either.
                        self.assertNotIn("evaluating rule", words)

    def test_what_is_absent_is_filled_in(self):
        spec = {"components": [{"name": "a", "image": "b", "ports": [{"name": "http", "port": 80}]}],
                "access": [{"name": "page", "component": "a", "port": "http"}]}
        made = json.loads(must("create", "--dry-run=server", "-o", "json", "-f", "-", text=resource("Template", "bare", **spec)))
        component = made["spec"]["components"][0]
        self.assertEqual(component["resources"], {"cpu": "1", "memory": "1Gi", "pids": 1024})
        self.assertEqual((component["profile"], component["restart"]), ("strict", "always"))
        self.assertEqual(component["ports"][0]["scheme"], "http")
        self.assertEqual(made["spec"]["access"][0], {"name": "page", "component": "a", "port": "http", "kind": "web", "default": False})
        self.assertEqual(made["spec"]["lifecycle"], {"warnBefore": "10m", "grace": "5m", "startWithin": "5m", "stopTimeout": "10s"})
        self.assertEqual(made["spec"]["network"], {"egress": "internet"})

    def test_an_applier_owns_its_items_of_a_list(self):
        spec = {"components": [{"name": "a", "image": "b"}]}
        must("apply", "--server-side", "-f", "-", text=resource("Template", "owned", **spec))
        spec = {"components": [{"name": "c", "image": "d"}]}
        must("apply", "--server-side", "--field-manager=other", "-f", "-", text=resource("Template", "owned", **spec))
        found = json.loads(must("get", "btpl", "owned", "-o", "json"))
        self.assertEqual([one["name"] for one in found["spec"]["components"]], ["a", "c"])


class Sessions(Case):
    def setUp(self):
        kubectl("delete", "bses", "--all")
        must("create", "-f", "-", text=session())

    def refused_change(self, change, because, name="thesis"):
        done, said = kubectl("patch", "bses", name, "--type=merge", "-p", json.dumps({"spec": change}))
        self.assertFalse(done, change)
        self.assertIn(because, said)

    def test_one_says_who_and_what(self):
        self.refused(resource("Session", "a", template="notebook"), "spec.user")
        self.refused(resource("Session", "a", user="ada"), "spec.template")
        self.refused(resource("Session", "a"), "spec.user")

    def test_nothing_is_asked_unless_said(self):
        self.assertEqual(must("get", "bses", "thesis", "-o", "jsonpath={.spec.state}"), "")
        self.taken(session("a", state="hibernated"))
        self.taken(session("b", state="frozen"))
        self.refused(session("c", state="paused"), "spec.state")

    def test_a_key_of_another_version_is_refused(self):
        for key in ("parameters", "env", "resources", "lifecycle", "engine"):
            self.refused(session("a", **{key: {}}), f'unknown field "spec.{key}"')

    def test_names_are_those_that_berth_can_hold(self):
        self.taken(session("a" * 63))
        self.refused(session("a" * 64), "at most 63 characters")
        for name in ("Thèse finale", "论文", "a b", "x" * 63):
            self.taken(session("a", name=name))
        for name in ("", " a", "a ", "a/b", "a\\b", "a\nb", "a\u0085b", "x" * 64):
            self.refused(session("a", name=name), "spec.name")
        self.refused(session("a", name="ses_1m7z"), "not like an id")
        self.taken(session("a", workspace="wsp_1m7z"))
        self.refused(session("a", workspace="a/b"), "spec.workspace")

    def test_users_are_those_that_berth_can_have(self):
        for user in ("ada", "ada@example.org", "Müller", "अदा"):
            self.taken(session("a", user=user))
        for user in ("", "@ada", "oidc:ada", "a b", "u" * 64):
            self.refused(session("a", user=user), "spec.user")
        self.refused(session("a", template="No_label"), "spec.template")

    def test_what_it_was_launched_with_stays(self):
        self.refused_change({"user": "bob"}, "the user does not change")
        self.refused_change({"template": "code"}, "the template does not change")
        self.refused_change({"workspace": "other"}, "the workspace does not change")
        self.refused_change({"revision": 2}, "the revision does not change")
        must("create", "-f", "-", text=session("fixed", workspace="w", revision=2))
        self.refused_change({"workspace": None}, "the workspace does not change", name="fixed")
        self.refused_change({"revision": 1}, "the revision does not change", name="fixed")
        self.refused_change({"revision": 3}, "the revision does not change", name="fixed")
        must("patch", "bses", "fixed", "--type=merge", "-p", '{"spec": {"name": "renamed", "state": "hibernated"}}')

    def test_terminated_is_final(self):
        must("patch", "bses", "thesis", "--type=merge", "-p", '{"spec": {"state": "terminated"}}')
        self.refused_change({"state": "running"}, "terminated is final")
        self.refused_change({"state": None}, "terminated is final")

    def test_the_columns_show_spec_and_status(self):
        status = {"state": "running", "phase": "failed", "reason": "ImageNotFound", "url": "http://thesis-x.example/", "observedGeneration": 1,
                  "access": [{"name": "lab", "kind": "web", "url": "http://thesis-x.example/", "default": True}],
                  "components": [{"name": "jupyter", "phase": "exited", "restarts": 1}],
                  "timings": {"admitted": 0, "scheduled": 0.25},
                  "conditions": [{"type": "Accepted", "status": "True", "reason": "Launched", "message": "",
                                  "observedGeneration": 1, "lastTransitionTime": "2026-01-31T09:30:00.000Z"}]}
        must("patch", "bses", "thesis", "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
        head, line = must("get", "bses", "thesis", "-o", "wide").splitlines()[:2]
        self.assertEqual(head.split(), ["NAME", "USER", "TEMPLATE", "STATE", "PHASE", "URL", "REASON", "AGE"])
        self.assertEqual(line.split()[:7], ["thesis", "ada", "notebook", "running", "failed", "http://thesis-x.example/", "ImageNotFound"])
        self.assertNotIn("REASON", must("get", "bses"))
        found = json.loads(must("get", "bses", "thesis", "-o", "json"))
        self.assertEqual(found["status"], status)
        self.assertEqual(found["metadata"]["generation"], 1)

    def test_a_status_comes_only_by_its_own_way(self):
        must("create", "-f", "-", text=json.dumps({**json.loads(session("a")), "status": {"phase": "running"}}))
        self.assertNotIn("status", json.loads(must("get", "bses", "a", "-o", "json")))


class Workspaces(Case):
    def test_they_are_made_of_a_template_for_a_user(self):
        self.taken(workspace())
        self.taken(workspace("a", name="Thèse finale"))
        self.refused(resource("Workspace", "a", user="ada"), "spec.template")
        self.refused(resource("Workspace", "a", template="notebook"), "spec.user")
        self.refused(workspace("a", size="1Gi"), 'unknown field "spec.size"')
        self.refused(workspace("a", name="wsp_1"), "not like an id")
        self.refused(workspace("a" * 64), "at most 63 characters")

    def test_user_and_template_stay_the_name_may_change(self):
        must("create", "-f", "-", text=workspace("kept"))
        for change, because in (({"user": "bob"}, "the user does not change"), ({"template": "code"}, "the template does not change")):
            done, said = kubectl("patch", "bws", "kept", "--type=merge", "-p", json.dumps({"spec": change}))
            self.assertFalse(done)
            self.assertIn(because, said)
        must("patch", "bws", "kept", "--type=merge", "-p", '{"spec": {"name": "renamed"}}')
        status = {"size": "11Gi", "session": "thesis", "volumes": [{"name": "home", "handle": "berth-x", "size": "11Gi"}]}
        must("patch", "bws", "kept", "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
        head, line = must("get", "bws", "kept").splitlines()[:2]
        self.assertEqual(head.split(), ["NAME", "USER", "TEMPLATE", "SIZE", "SESSION", "AGE"])
        self.assertEqual(line.split()[:5], ["kept", "ada", "notebook", "11Gi", "thesis"])


class Policy(Case):
    """RBAC grants ada and bob all that it can; what they are refused here, the policy refuses."""

    def setUp(self):
        for short in ("bses", "bws"):
            kubectl("delete", short, "--all")

    def denied(self, *words, user, because, text=None):
        done, said = kubectl(*words, user=user, text=text)
        self.assertFalse(done, words)
        self.assertIn(because, said)
        self.assertIn("users.berth.dev", said)

    def test_one_makes_what_is_ones_own(self):
        for make in (session, workspace):
            self.taken(make("a"), user="ada")
            self.refused(make("a", user="bob"), "spec.user must be ada", user="ada")
            self.refused(make("a", user="Ada"), "spec.user must be ada", user="ada")

    def test_launch_as_makes_it_for_anybody(self):
        self.taken(session("a"), user="portal")
        self.taken(workspace("a", user="bob"), user="portal")

    def test_launch_as_is_asked_for_each_kind(self):
        role = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "only-sessions"}}
        rules = [{"apiGroups": ["berth.dev"], "resources": ["sessions", "workspaces"], "verbs": ["create"]},
                 {"apiGroups": ["berth.dev"], "resources": ["sessions"], "verbs": ["launch-as"]}]
        binding = {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "only-sessions"},
                   "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "kiosk"}]}
        must("apply", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": [
            {**role, "kind": "Role", "rules": rules}, {**role, "kind": "RoleBinding", **binding}]}))
        until(lambda: try_create(session("a"), user="kiosk")[0], "the role holds")
        self.refused(workspace("a"), "spec.user must be kiosk", user="kiosk")

    def test_another_neither_changes_nor_removes_it(self):
        must("create", "-f", "-", text=session(), user="ada")
        hibernate = ("patch", "bses", "thesis", "--type=merge", "-p", '{"spec": {"state": "hibernated"}}')
        self.denied(*hibernate, user="bob", because="it is ada's")
        self.denied("label", "bses", "thesis", "a=b", user="bob", because="it is ada's")
        self.denied("delete", "bses", "thesis", user="bob", because="it is ada's")
        must(*hibernate, user="ada")
        must("label", "bses", "thesis", "a=b", user="portal")
        must("delete", "bses", "thesis", user="ada")

    def test_nobody_gives_it_away(self):
        must("create", "-f", "-", text=session(), user="ada")
        give = ("patch", "bses", "thesis", "--type=merge", "-p", '{"spec": {"user": "bob"}}')
        for user in ("ada", "portal", None):
            done, said = kubectl(*give, user=user)
            self.assertFalse(done, user)
            self.assertIn("the user does not change", said)

    def test_only_berth_reports_its_status(self):
        must("create", "-f", "-", text=session(), user="ada")
        report = ("patch", "bses", "thesis", "--subresource=status", "--type=merge", "-p", '{"status": {"url": "http://evil.example/"}}')
        self.denied(*report, user="ada", because="its status is Berth's")
        must(*report, user="portal")

    def test_metadata_is_small_but_of_those_who_launch_for_others(self):
        def with_metadata(make, **metadata):
            document = json.loads(make("a"))
            document["metadata"].update(metadata)
            return json.dumps(document)

        def names(count):
            return [f"example.org/{number}" for number in range(count)]

        owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x"}
        cases = [("finalizers", names(8), names(9)),
                 ("ownerReferences", [owner | {"uid": uid} for uid in names(8)], [owner | {"uid": uid} for uid in names(9)]),
                 ("labels", dict.fromkeys(names(64), "x"), dict.fromkeys(names(65), "x")),
                 ("annotations", dict.fromkeys(names(32), "x"), dict.fromkeys(names(33), "x")),
                 ("annotations", {"note": "x" * (65536 - 4)}, {"note": "x" * (65536 - 3)})]
        for make in (session, workspace):
            for key, fits, beyond in cases:
                self.taken(with_metadata(make, **{key: fits}), user="ada")
                self.refused(with_metadata(make, **{key: beyond}), f"metadata.{key}: at most", user="ada")
                self.taken(with_metadata(make, **{key: beyond}), user="portal")
            self.refused(with_metadata(make, finalizers=names(30000)), "bounds.berth.dev", user="ada")
        must("apply", "-f", "-", text=session("applied"), user="ada")
        must("apply", "-f", "-", text=session("applied", name="Applied again"), user="ada")

    def test_the_cluster_empties_a_namespace(self):
        must("create", "-f", "-", text=session(), user="ada")
        must("delete", "bses", "thesis", user="system:serviceaccount:kube-system:namespace-controller")


if __name__ == "__main__":
    unittest.main(verbosity=2)
