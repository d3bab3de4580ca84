"""A launch on the real node of `./dev cluster`, beside a pod and a service made by hand."""

import base64
import contextlib
import http.client
import json
import os
import re
import ssl
import statistics
import subprocess
import sys
import time
from pathlib import Path

from measure import ROOT, Figures, Line, directory, fetch, wait_for
from page import PAGE, page_image
from simulated import run

sys.path.insert(0, str(ROOT / "tests/e2e"))


class Api:
    """A kept connection to the API server of a kubeconfig with certificates: what kubectl would send."""

    def __init__(self, kubeconfig, scratch):
        text = Path(kubeconfig).read_text()
        files = {}
        for name in ("certificate-authority", "client-certificate", "client-key"):
            files[name] = scratch / name
            files[name].write_bytes(base64.b64decode(re.search(name + r"-data: (\S+)", text)[1]))
        host, port = re.search(r"server: https://([^:/]+):(\d+)", text).groups()
        context = ssl.create_default_context(cafile=files["certificate-authority"])
        context.load_cert_chain(files["client-certificate"], files["client-key"])
        self.connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=30)

    def call(self, method, path, body=None):
        headers = {"Content-Type": "application/json", "User-Agent": "bench"}
        self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300 and answer.status != 404:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]}")
        return answer.status, json.loads(text)


def pod_by_hand(name):
    container = {"name": "main", "image": PAGE, "imagePullPolicy": "IfNotPresent", "ports": [{"containerPort": 8080}],
                 "resources": {"requests": {"cpu": "10m", "memory": "128Mi"}, "limits": {"cpu": "200m", "memory": "128Mi"}}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": {"containers": [container]}}


def service_by_hand(name):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"selector": {"app": name}, "ports": [{"port": 8080}]}}


def answers(address):
    connection = http.client.HTTPConnection(address, 8080, timeout=0.25)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def launch_by_hand(api, namespace, name, asked):
    """Seconds until the first answer: at the service's address, or at the pod's as soon as it has one."""
    pods, services = f"/api/v1/namespaces/{namespace}/pods", f"/api/v1/namespaces/{namespace}/services"
    began = time.monotonic()
    api.call("POST", pods, pod_by_hand(name))
    address = api.call("POST", services, service_by_hand(name))[1]["spec"]["clusterIP"]
    try:
        if asked == "pod":
            address = None
            while not address:
                address = api.call("GET", f"{pods}/{name}")[1]["status"].get("podIP")
        wait_for("the first answer", lambda: answers(address), every=0.002)
        return time.monotonic() - began
    finally:
        api.call("DELETE", f"{services}/{name}")
        api.call("DELETE", f"{pods}/{name}", {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 1})
        wait_for("the pod is gone", lambda: api.call("GET", f"{pods}/{name}")[0] == 404, every=0.05)


def launch_by_berth(server):
    began = time.monotonic()
    made = server.call("POST", "/api/v1/sessions", {"template": "bench-page"})
    if made.status not in (200, 201, 202):
        raise RuntimeError(f"launch: {made}")
    session = made.json()
    try:
        host = session["access"][0]["url"].split("//")[1].rstrip("/")
        headers = {"Berth-Token": server.token}
        wait_for("the first byte", lambda: fetch(server.port, host, headers=headers) == 200, every=0.002)
        taken = time.monotonic() - began
        return taken, server.call("GET", f"/api/v1/sessions/{session['id']}").json()["status"]["timings"]
    finally:
        server.call("DELETE", f"/api/v1/sessions/{session['id']}")
        server.wait_phase(session["id"], "gone")


@contextlib.contextmanager
def real_cluster():
    """The one of `./dev cluster`; goes again when it was not there before."""
    there = subprocess.run(["./dev", "cluster", "status"], cwd=ROOT, capture_output=True).returncode == 0
    if not there:
        run("./dev", "cluster", "up", cwd=ROOT)
    try:
        yield ROOT / ".cache/cluster/run/kubeconfig"
    finally:
        if not there:
            run("./dev", "cluster", "down", cwd=ROOT)


def pods(_):
    """From the wish to the first 200 of a tiny application, on a real node."""
    os.environ["BERTH_TEST_ENGINE"] = "kubernetes"
    import berth as e2e
    count = 9
    with directory() as scratch, page_image(), real_cluster() as kubeconfig:
        run("./dev", "cluster", "load", PAGE, cwd=ROOT)
        api = Api(kubeconfig, scratch)
        namespace = f"berth-bench-{os.getpid()}"
        api.call("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        # The machine is inside the cluster as far as addresses go; policies know it by its own.
        server = e2e.Berth(engine="kubernetes", starter_catalog="false", pod_access="direct", gateway_pods="198.51.100.1/32")
        try:
            account = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
            wait_for("the namespace has its account", lambda: api.call("GET", account)[0] == 200, every=0.1)
            server.start()
            component = {"image": PAGE, "command": ["/page"], "resources": {"cpu": "200m", "memory": "128Mi"},
                         "ports": [{"name": "web", "port": 8080}]}
            access = [{"name": "web", "component": "main", "port": "web", "kind": "web", "default": True}]
            server.add_template("bench-page", component, access=access)
            launch_by_berth(server), launch_by_hand(api, namespace, "first", "service")
            ours, steps, by_service, by_pod = [], [], [], []
            for number in range(count):
                taken, timings = launch_by_berth(server)
                ours.append(taken)
                steps.append(timings)
                by_service.append(launch_by_hand(api, namespace, f"service-{number}", "service"))
                by_pod.append(launch_by_hand(api, namespace, f"pod-{number}", "pod"))
        finally:
            server.clean()
            api.call("DELETE", f"/api/v1/namespaces/{namespace}")
    middle = {step: statistics.median(one[step] for one in steps) for step in ("scheduled", "started", "ready")}
    lines = [Line("Launch on Kubernetes, image present, to the first 200", "s", Figures(ours), peer, Figures(theirs), at_most=1.15)
             for peer, theirs in (("pod and service by hand", by_service), ("the same, asked at the pod's address", by_pod))]
    how = (f"{count} launches each, in turn, on the node of `./dev cluster`: POST /sessions and a request to the session's host, "
           "which the gateway holds until it runs, beside a pod and a service of the same image made by two calls of the API on "
           "a kept connection, and requests to the service's address (or, stricter, to the pod's as soon as the API tells it, "
           "which a user has to ask for) every 2 ms until one is answered. Berth also makes a "
           "network policy, a secret and a config map, and waits for process 1; of its time (medians) "
           f"{middle['scheduled'] * 1000:.0f} ms were gone when these stood, {middle['started'] * 1000:.0f} ms when the cluster "
           f"said that the container runs, {middle['ready'] * 1000:.0f} ms when process 1 had answered.")
    return lines, how
