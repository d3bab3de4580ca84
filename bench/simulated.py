"""A real API server, controllers and scheduler with nodes that are only pretended (kwok), and what Berth asked of it."""

import contextlib
import datetime
import functools
import http.client
import json
import re
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from measure import BERTH, PROGRAMS, ROOT, Skipped, directory, first_line, process, wait_for

NODES = 40
PODS_IN = "198.18.0.0/16"
NAMESPACE = "berth-sessions"
ACCOUNT = "system:serviceaccount:berth:berth"
# Of the others nothing acts on what Berth makes, but for volumes, which pretended nodes do not have.
CONTROLLERS = "*,-persistentvolume-binder-controller,-persistentvolume-attach-detach-controller," \
    "-persistentvolume-expander-controller,-ephemeral-volume-controller"


def run(*words, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=300, **options)
    if done.returncode == 77:
        raise Skipped(done.stderr.strip())
    if done.returncode:
        raise RuntimeError(f"{words[0]} {words[1]}: {done.stderr.strip()[-2000:]}")
    return done.stdout


@dataclass
class Asked:
    """One request to the API server, as it wrote it down."""
    user: str
    verb: str
    resource: str
    name: str
    uri: str
    code: int
    began: float
    ended: float

    @property
    def writes(self):
        return self.verb not in ("get", "list", "watch")


def seconds(stamp):
    return datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


class Cluster:
    def __init__(self, place):
        self.place = place
        self.pki = place / "pki"
        self.pid = int((place / "pid").read_text())
        self.bin = ROOT / ".cache/cluster/bin"

    def inside(self, *words):
        """A command in the cluster's network, otherwise where we are."""
        return ["nsenter", f"--net=/proc/{self.pid}/root/run/netns/node", *words]

    def kubectl(self, *words, **options):
        return run(self.bin / "kubectl", "--kubeconfig", self.place / "kubeconfig", *words, **options)

    def apply(self, objects):
        self.kubectl("create", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    @functools.cached_property
    def account(self):
        """A kubeconfig of Berth's own account, so that what it asks can be told from the rest."""
        text = run("./dev", "cluster", "kubeconfig", "berth/berth", "--directory", self.place, cwd=ROOT)
        path = self.place / "berth.kubeconfig"
        path.write_text(re.sub(r"server: \S+", "server: https://127.0.0.1:6443", text))
        return path

    def audit_size(self):
        return (self.place / "log/audit.log").stat().st_size

    def audit(self, start):
        """What was asked since the log had that size."""
        asked = []
        with open(self.place / "log/audit.log", "rb") as log:
            log.seek(start)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                one = json.loads(line)
                if one["stage"] != "ResponseComplete":
                    continue
                about = one.get("objectRef", {})
                resource = about.get("resource", "") + ("/" + about["subresource"] if "subresource" in about else "")
                asked.append(Asked(one["user"]["username"], one["verb"], resource, about.get("name", ""), one["requestURI"],
                                   one["responseStatus"]["code"], seconds(one["requestReceivedTimestamp"]),
                                   seconds(one["stageTimestamp"])))
        return asked

    def berth_asked(self, start):
        return [one for one in self.audit(start) if one.user == ACCOUNT]


def node(number):
    name = f"pretended-{number:02}"
    labels = {"kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "kubernetes.io/hostname": name}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}


@contextlib.contextmanager
def simulated():
    """The cluster, until the end of the block. Needs root."""
    run("./dev", "cluster", "tool", "kwok", cwd=ROOT)
    with directory() as own, contextlib.ExitStack() as stack:
        place = own / "cluster"
        run("./dev", "cluster", "up", "--api-only", "--audit", ROOT / "bench/audit.yaml", "--directory", place, cwd=ROOT)
        stack.callback(run, "./dev", "cluster", "down", "--api-only", "--directory", place, cwd=ROOT)
        cluster = Cluster(place)
        log = stack.enter_context(open(own / "parts.log", "wb"))

        def start(*words):
            return stack.enter_context(process(cluster.inside(*words), stdout=log, stderr=log))

        pki = cluster.pki
        start(cluster.bin / "kube-controller-manager", f"--kubeconfig={pki}/kube-controller-manager.kubeconfig", "--leader-elect=false",
              "--use-service-account-credentials", f"--root-ca-file={pki}/ca.crt", f"--controllers={CONTROLLERS}",
              f"--service-account-private-key-file={pki}/service-accounts.key", "--allocate-node-cidrs",
              f"--cluster-cidr={PODS_IN}", "--service-cluster-ip-range=198.19.0.0/16", "--kube-api-qps=500", "--kube-api-burst=1000")
        scheduler = own / "scheduler.yaml"
        scheduler.write_text((ROOT / "bench/scheduler.yaml").read_text().replace("KUBECONFIG", f"{pki}/kube-scheduler.kubeconfig"))
        start(cluster.bin / "kube-scheduler", f"--config={scheduler}")
        cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("berth", NAMESPACE)]
                      + [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "berth", "namespace": "berth"}}])
        cluster.kubectl("create", "clusterrolebinding", "berth", "--clusterrole=cluster-admin", "--serviceaccount=berth:berth")
        cluster.apply([node(number) for number in range(NODES)])
        # The share of addresses of each node comes first: kwok takes them from there.
        cidrs = ("get", "nodes", "-o", "jsonpath={.items[*].spec.podCIDR}")
        wait_for("the nodes have addresses", lambda: len(cluster.kubectl(*cidrs).split()) == NODES, every=0.2)
        start(cluster.bin / "kwok", f"--kubeconfig={pki}/admin.kubeconfig", f"--config={cluster.bin}/kwok.yaml", "--manage-all-nodes",
              "--node-lease-duration-seconds=40")
        run(*cluster.inside("ip", "route", "add", "local", PODS_IN, "dev", "lo"))
        pods = stack.enter_context(process(cluster.inside(PROGRAMS / "pods", f"{pki}/admin.kubeconfig", NAMESPACE),
                                           stdout=subprocess.PIPE, stderr=log))
        first_line(pods)
        ready = ("get", "nodes", "-o", "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}")
        wait_for("the nodes are ready", lambda: cluster.kubectl(*ready).split() == ["True"] * NODES, every=0.2)
        wait_for("accounts of the namespace", lambda: "default" in cluster.kubectl("-n", NAMESPACE, "get", "serviceaccounts"), every=0.2)
        cluster.kubectl("apply", "--server-side", "-f", "-", input=run(BERTH, "crds"))
        cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        yield cluster


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=120)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Server:
    """A `berth serve` in the cluster's network, spoken to over its private socket as the administrator."""

    def __init__(self, cluster, data, port, **options):
        self.cluster, self.data, self.port, self.process = cluster, Path(data), port, None
        given = {"data_directory": data, "listen": f"127.0.0.1:{port}", "engine": "kubernetes", "kubeconfig": cluster.account,
                 "session_namespace": NAMESPACE, "pod_access": "direct", "starter_catalog": "false"} | options
        self.words = cluster.inside(BERTH, "serve", *(f"--{name.replace('_', '-')}={value}" for name, value in given.items()))

    def start(self):
        log = open(self.data / "log", "ab")
        self.process = subprocess.Popen([str(word) for word in self.words], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        wait_for("/readyz", self.ready, limit=60, every=0.005)
        return self

    def ready(self):
        if self.process.poll() is not None:
            raise RuntimeError("berth serve ended: " + (self.data / "log").read_text()[-2000:])
        with contextlib.suppress(OSError):
            return self.call("GET", "/readyz")[0] == 200
        return False

    @contextlib.contextmanager
    def connection(self):
        connection = UnixConnection(self.data / "berth.sock")
        try:
            yield connection
        finally:
            connection.close()

    def call(self, method, path, body=None, connection=None, token=None):
        """Status and document of one request."""
        own = connection or UnixConnection(self.data / "berth.sock")
        headers = {"Host": f"localhost:{self.port}", "Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        own.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = own.getresponse()
        text = answer.read()
        if own is not connection:
            own.close()
        return answer.status, json.loads(text) if text[:1] in (b"{", b"[") else text.decode()

    def ask(self, method, path, body=None, connection=None, token=None):
        status, document = self.call(method, path, body, connection, token)
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {document}")
        return document

    def count(self, phase):
        return self.ask("GET", f"/api/v1/sessions?all=true&limit=1&phase={phase}")["total"]

    def phase(self, session):
        status, document = self.call("GET", f"/api/v1/sessions/{session}")
        return "gone" if status == 404 else document["status"]["phase"]

    def wait_phase(self, session, phase, limit=60):
        wait_for(f"{session} {phase}", lambda: self.phase(session) == phase, limit=limit)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.kill()


def settle(server, quiet=1, limit=600):
    """Waits until what Berth asks has ended: nothing new for `quiet` seconds."""
    cluster = server.cluster
    seen, since, until = cluster.audit_size(), time.monotonic(), time.monotonic() + limit
    while time.monotonic() < since + quiet:
        if time.monotonic() > until:
            raise RuntimeError("Berth does not come to rest")
        time.sleep(0.1)
        if (now := cluster.audit_size()) != seen:
            seen, since = now, time.monotonic()
