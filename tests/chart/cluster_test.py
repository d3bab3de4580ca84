"""The chart in a cluster with nodes: installed, used, upgraded, tested, removed, installed again. The images are loaded
before (`./dev cluster load`); KUBECONFIG names the cluster."""

import json
import os
import re
import shutil
import subprocess
import unittest

from chart import CHART, HELM, IMAGE, KUBECTL, deep_merge, get, kubectl, run, values_file
from berth import PROGRAM, Berth, wait_for
from worlds import let_go

TEMPLATES = ("terminal", "linked")  # Those whose images the node has.


def has_nodes():
    return bool(os.environ.get("KUBECONFIG")) and bool(kubectl("get", "nodes", "-o", "name", check=False).stdout.strip())


class Installed(Berth):
    """A release of the chart, reached by a port-forward of its service."""

    workload = "statefulset/berth"

    def __init__(self):
        super().__init__("kubernetes")
        self.namespace = f"berth-chart-{os.getpid()}"
        self.sessions = self.namespace + "-sessions"
        self.forward = None
        registry, _, rest = IMAGE.partition("/")
        repository, _, tag = rest.rpartition(":")
        self.values = {"url": self.url, "image": {"registry": registry, "repository": repository, "tag": tag, "pullPolicy": "Never"}, "sessions": {"namespace": self.sessions, "cpuOvercommit": 20}}

    def helm(self, *words, **options):
        return run(HELM, "--namespace", self.namespace, *words, limit=300, **options)

    def apply(self, verb, more=None):
        self.values = deep_merge(self.values, more or {})
        with values_file(self.values) as file:
            return self.helm(verb, "berth", CHART, "--values", file.name, "--wait", "--timeout", "3m").stdout

    def inside(self, *words, check=True):
        return kubectl("-n", self.namespace, "exec", self.workload, "-c", "berth", "--", "berth", *words, check=check)

    def logs(self):
        return kubectl("-n", self.namespace, "logs", self.workload).stdout

    def connect(self):
        self.disconnect()
        self.forward = subprocess.Popen([KUBECTL, "-n", self.namespace, "port-forward", "service/berth", f"{self.port}:80"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.forward.stdout.readline()
        wait_for("an answer through the service", self.answers, 30)

    def answers(self):
        try:
            return self.call("GET", "/readyz", token=None).status == 200
        except OSError:
            return False

    def disconnect(self):
        if self.forward:
            self.forward.terminate()
            self.forward.wait()
            self.forward.stdout.close()
            self.forward = None

    def remove(self):
        self.disconnect()
        self.helm("uninstall", "berth", "--wait", check=False)
        let_go(lambda *words: kubectl("-n", self.sessions, *words, check=False).stdout)
        kubectl("delete", "namespace", self.namespace, self.sessions, "--ignore-not-found", "--timeout=120s")
        shutil.rmtree(self.data, ignore_errors=True)


berth = None


def setUpModule():
    global berth
    if not has_nodes():
        raise unittest.SkipTest("no cluster with nodes: KUBECONFIG names none")
    berth = Installed()
    unittest.addModuleCleanup(berth.remove)
    kubectl("create", "namespace", berth.namespace)
    kubectl("label", "namespace", berth.namespace, "pod-security.kubernetes.io/enforce=restricted")


class Release(unittest.TestCase):
    """In the order of their names: one release from its first day to its last."""

    def test_1_is_installed_and_says_how_to_sign_in(self):
        notes = berth.apply("install")
        self.assertIn(f"kubectl -n {berth.namespace} port-forward service/berth {berth.port}:80", notes)
        self.assertIn(f"kubectl -n {berth.namespace} logs statefulset/berth | grep 'Sign in'", notes)
        berth.connect()
        berth.link = re.search(r"Sign in .*: (http\S+)", berth.logs())[1]
        berth.token = berth.first_administrator()
        self.assertEqual(berth.call("GET", "/readyz").json(), {"status": "ok"})

    def test_2_has_what_it_needs(self):
        said = berth.inside("doctor")
        self.assertNotIn("FAIL", said.stdout)
        self.assertEqual(len(re.findall("^ok ", said.stdout, re.M)), 4, said.stdout)
        self.assertIn("admin", berth.inside("--local", "admin", "users").stdout)

    def test_3_runs_a_session_that_keeps_its_files(self):
        berth.cli("launch", "terminal", "--name", "first", "--wait")
        berth.cli("exec", "first", "--", "sh", "-c", "echo hi > ~/note")
        self.assertEqual(berth.cli("exec", "first", "--", "cat", "/home/berth/note").stdout, "hi\n")
        berth.cli("hibernate", "first", "--wait")
        berth.cli("wake", "first", "--wait")
        self.assertEqual(berth.cli("exec", "first", "--", "cat", "/home/berth/note").stdout, "hi\n")

    def test_3b_files_move_to_another_session_as_the_docs_say(self):
        berth.cli("exec", "first", "--", "sh", "-c", "head -c 3000000 /dev/urandom > ~/bytes; mkdir -p ~/a/b; ln -s bytes ~/a/b/link")
        berth.cli("launch", "terminal", "--name", "second", "--wait")
        with subprocess.Popen([PROGRAM, "exec", "first", "--", "sh", "-c", "cd && ls -A | tar -cT -"], stdout=subprocess.PIPE, env=berth.environment()) as read:
            done = subprocess.run([PROGRAM, "exec", "second", "--", "sh", "-c", "cd && tar -x"], stdin=read.stdout, env=berth.environment(), capture_output=True, text=True, timeout=60)
        self.assertEqual((read.returncode, done.returncode), (0, 0), done.stderr)
        sums = {berth.cli("exec", name, "--", "sh", "-c", "cd && sha256sum bytes note && readlink a/b/link").stdout for name in ("first", "second")}
        berth.cli("rm", "-y", "second")
        self.assertEqual(len(sums), 1, sums)

    def test_4_shows_a_session_through_the_gateway(self):
        berth.cli("launch", "linked", "--name", "pair", "--wait")
        host = berth.session("pair")["access"][0]["url"].split("/")[2]
        answer = berth.call("GET", "/", host=host, headers={"Accept": "text/html"})
        self.assertEqual(answer.status, 200, answer)

    def test_5_is_out_of_reach_of_its_sessions(self):
        """Neither by the service nor by the pod, while names are resolved."""
        pod = get("-n", berth.namespace, "pod", "berth-0")["status"]["podIP"]
        service = f"berth.{berth.namespace}.svc.cluster.local"
        self.assertEqual(berth.cli("exec", "first", "--", "getent", "hosts", service).returncode, 0)
        for host, port in ((service, 80), (pod, 8080), ("kubernetes.default.svc.cluster.local", 443)):
            done = berth.cli("exec", "first", "--", "timeout", "3", "bash", "-c", f"exec 3<>/dev/tcp/{host}/{port}", check=False)
            self.assertNotEqual(done.returncode, 0, f"{host}:{port} is open")

    def test_5b_has_no_right_outside_of_its_namespace(self):
        account = f"--as=system:serviceaccount:{berth.namespace}:berth"
        for where in (berth.namespace, "kube-system", "default"):
            for right in ("get secrets", "list pods", "create pods", "create pods --subresource=exec"):
                self.assertEqual(kubectl("auth", "can-i", *right.split(), "-n", where, account, check=False).stdout.strip(), "no", f"{right} in {where}")
        for right in ("list nodes", "create namespaces", "list namespaces", "create clusterrolebindings"):
            self.assertEqual(kubectl("auth", "can-i", *right.split(), account, check=False).stdout.strip(), "no", right)
        for right in ("create pods --subresource=exec", "create pods --subresource=portforward", "update pods", "patch secrets", "delete namespaces"):
            self.assertEqual(kubectl("auth", "can-i", *right.split(), "-n", berth.sessions, account, check=False).stdout.strip(), "no", right)

    def test_5c_starts_a_session_again_whose_pod_was_evicted(self):
        pod = next(each["metadata"]["name"] for each in get("-n", berth.sessions, "pods")["items"] if each["metadata"]["labels"].get("berth.dev/component") == "shell")
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": berth.sessions}}
        before = get("-n", berth.sessions, "pod", pod)["metadata"]["uid"]
        kubectl("create", "--raw", f"/api/v1/namespaces/{berth.sessions}/pods/{pod}/eviction", "-f", "-", input=json.dumps(eviction))
        wait_for("another pod", lambda: [each for each in get("-n", berth.sessions, "pods")["items"] if each["metadata"]["name"] == pod and each["metadata"]["uid"] != before], 90)
        berth.wait_phase("first", "running", limit=60)
        self.assertEqual(berth.cli("exec", "first", "--", "cat", "/home/berth/note").stdout, "hi\n")

    def test_6_outlives_its_pod(self):
        started = berth.session("first")["status"]["startedAt"]
        kubectl("-n", berth.namespace, "delete", "pod", "berth-0", "--grace-period=1")
        kubectl("-n", berth.namespace, "rollout", "status", "statefulset/berth", "--timeout=120s")
        berth.connect()
        self.assertEqual(berth.wait_phase("first", "running")["status"]["startedAt"], started)
        self.assertEqual(berth.cli("exec", "first", "--", "cat", "/home/berth/note").stdout, "hi\n")

    def test_7_is_upgraded(self):
        """A new configuration reaches the program by a new pod, and the session goes on."""
        started = berth.session("first")["status"]["startedAt"]
        berth.apply("upgrade", {"config": {"logLevel": "debug"}, "sessions": {"resourceQuota": {"pods": "50"}}})
        berth.connect()
        self.assertIn("logLevel: debug", berth.inside("config").stdout)
        self.assertEqual(berth.wait_phase("first", "running")["status"]["startedAt"], started)

    def test_8_passes_its_own_test(self):
        said = berth.helm("test", "berth", "--logs").stdout
        self.assertRegex(said, r"Phase:\s+Succeeded")
        self.assertRegex(said, r"server  \d+\.\d+\.\d+ at http://berth\.")

    def test_9_goes_and_comes_back_with_what_people_had(self):
        berth.disconnect()
        berth.helm("uninstall", "berth", "--wait")
        self.assertEqual({each["kind"] for each in get("-n", berth.namespace, "statefulsets,services,roles")["items"]}, set())
        claims = get("-n", berth.sessions, "persistentvolumeclaims")["items"]
        self.assertTrue(claims, "the users' files are gone")
        berth.apply("install")
        berth.connect()
        self.assertEqual(berth.wait_phase("first", "running", limit=60)["name"], "first")
        self.assertEqual(berth.cli("exec", "first", "--", "cat", "/home/berth/note").stdout, "hi\n")
        for name in ("first", "pair"):
            berth.cli("rm", "-y", name)
        wait_for("no pod", lambda: not get("-n", berth.sessions, "pods")["items"], 60)


if __name__ == "__main__":
    unittest.main(failfast=True)
