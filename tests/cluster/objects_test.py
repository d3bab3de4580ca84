"""Every object that the Kubernetes engine renders, on a real API server that enforces Pod Security `restricted`.

The objects are those of src/engine/kubernetes/golden, which a unit test compares with what is rendered: one for each
branch. Needs KUBECONFIG of an administrator; an API server without controllers is enough. Nothing is kept: each is a
dry run on the server.
"""

import json
import os
import secrets
import shutil
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OBJECTS = json.loads((ROOT / "src/engine/kubernetes/golden/objects.json").read_text())
NAMESPACES = {level: f"objects-test-{level}-{secrets.token_hex(4)}" for level in ("restricted", "baseline")}
KINDS = {"namespace": ("v1", "Namespace"), "quota": ("v1", "ResourceQuota"), "limits": ("v1", "LimitRange"), "pullSecret": ("v1", "Secret"), "pod": ("v1", "Pod"), "policy": ("networking.k8s.io/v1", "NetworkPolicy"), "service": ("v1", "Service"), "claim": ("v1", "PersistentVolumeClaim"),
         "secret": ("v1", "Secret"), "configMap": ("v1", "ConfigMap"), "init": ("v1", "ConfigMap")}


def kubectl(*words, text=None):
    program = os.environ.get("KUBECTL") or shutil.which("kubectl") or str(ROOT / ".cache/cluster/bin/kubectl")
    return subprocess.run([program, *words], input=text, capture_output=True, text=True, timeout=60)


def try_out(name, level, change=lambda thing: None):
    """What the server says of an object in a namespace of that level: whether it takes it, and every word."""
    version, kind = next(known for begin, known in KINDS.items() if name.startswith(begin))
    thing = json.loads(json.dumps(OBJECTS[name])) | {"apiVersion": version, "kind": kind}
    if kind != "Namespace":
        thing["metadata"]["namespace"] = NAMESPACES[level]
    change(thing)
    done = kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", "-o", "json", text=json.dumps(thing))
    return done.returncode == 0, done.stderr, done.stdout


def setUpModule():
    for level, name in NAMESPACES.items():
        labels = {f"pod-security.kubernetes.io/{mode}": value for mode, value in (("enforce", level), ("warn", level), ("enforce-version", "latest"))}
        document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        made = kubectl("create", "-f", "-", text=json.dumps(document))
        assert made.returncode == 0, made.stderr
        # As a controller would.
        kubectl("-n", name, "create", "serviceaccount", "default")


def tearDownModule():
    kubectl("delete", "namespace", *NAMESPACES.values(), "--wait=false")


@unittest.skipUnless(os.environ.get("KUBECONFIG"), "no API server: KUBECONFIG is not set")
class Objects(unittest.TestCase):
    def test_everything_but_profile_compat_keeps_to_restricted_without_a_warning(self):
        names = [name for name in OBJECTS if name != "podCompat"]
        self.assertGreaterEqual(sum(name.startswith("pod") for name in names), 6)
        for name in names:
            with self.subTest(name):
                taken, said, _ = try_out(name, "restricted")
                self.assertTrue(taken, said)
                self.assertEqual(said, "")

    def test_profile_compat_keeps_to_baseline_and_is_refused_by_restricted(self):
        taken, said, _ = try_out("podCompat", "baseline")
        self.assertTrue(taken, said)
        self.assertEqual(said, "")
        taken, said, _ = try_out("podCompat", "restricted")
        self.assertFalse(taken)
        self.assertIn("violates PodSecurity", said)

    def test_the_server_does_enforce_it(self):
        def privileged(pod):
            pod["spec"]["containers"][0]["securityContext"]["privileged"] = True
            pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True

        taken, said, _ = try_out("podStrict", "restricted", privileged)
        self.assertFalse(taken)
        self.assertIn("privileged", said)

    def test_what_the_server_keeps_of_a_policy_and_a_service_is_what_was_made(self):
        # Their marks are of this: what the server adds or leaves out must not look like somebody's change.
        for name in OBJECTS:
            if not name.startswith(("policy", "service")):
                continue
            taken, said, made = try_out(name, "restricted")
            self.assertTrue(taken, said)
            kept, wanted = json.loads(made)["spec"], OBJECTS[name]["spec"]
            if name.startswith("policy"):
                self.assertEqual(kept, wanted, name)
            else:
                self.assertEqual({key: kept[key] for key in wanted}, wanted, name)
                self.assertEqual(kept["type"], "ClusterIP")
                self.assertNotIn("externalIPs", kept)


if __name__ == "__main__":
    unittest.main()
