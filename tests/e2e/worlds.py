"""Where a test's sessions run, and what a test does there behind Berth's back. One class an engine."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def instance_of(server):
    """What marks everything that it made; None before it has one."""
    data, address = server.data, server.options.get("database")
    if address:
        done = subprocess.run(["psql", "-qAtX", address, "-c", "SELECT text FROM setting WHERE name = 'instance.id'"], capture_output=True, text=True)
        return done.stdout.strip() or None
    with sqlite3.connect(os.path.join(data, "berth.db")) as database:
        row = database.execute("SELECT * FROM setting WHERE name = 'instance.id'").fetchone()
    return row[1] if row else None


class ContainerWorld:
    name = "container"
    real = True

    def options(self):
        return {}

    def running(self, session):
        """Handles of what runs of a session: none of them is used twice."""
        return self.podman("ps", "-q", "--filter", f"label=berth.workload={session}").stdout.split()

    def left(self, session):
        """Everything that has a process or had one."""
        return self.podman("ps", "-aq", "--filter", f"label=berth.workload={session}").stdout.split()

    def kill(self, handle):
        """Kills process 1, as the kernel would."""
        self.podman("kill", "--signal", "KILL", handle)

    def remove(self, handle):
        self.podman("rm", "-f", handle)

    def published(self, session):
        """Ports on the machine that lead to the session."""
        return self.podman("ps", "--filter", f"label=berth.workload={session}", "--format", "{{.Ports}}").stdout.strip()

    # What a session may ask for by name.
    known_name = "left"
    own_port = None

    def own_addresses(self, session):
        """What a session must not reach of this machine: (what, address, port)."""
        found = [("a metadata service", "169.254.169.254", 80)]
        for line in subprocess.run(["ip", "-o", "-4", "address"], capture_output=True, text=True).stdout.splitlines():
            address = line.split()[3].split("/")[0]
            if not address.startswith("127."):
                found.append(("this machine", address, 22))
        return found

    def kill_engine(self, server):
        """Ends what Berth speaks to; it comes back by itself."""
        service = [int(pid) for pid in subprocess.run(["pgrep", "-f", f"podman system service.*{server.data}"], capture_output=True, text=True).stdout.split()]
        assert service, "Berth runs a podman service of its own"
        for pid in service:
            os.kill(pid, signal.SIGKILL)

    @contextlib.contextmanager
    def strangers(self, server, session):
        """Something that looks ours and belongs to no session, and something that is not ours under a name of ours: both names."""
        instance = instance_of(server)
        orphan, foreign = f"berth-{instance}-ses_nobody", f"berth-{instance}-theirs"
        self.podman("network", "create", "--label", f"berth.instance={instance}", "--label", "berth.workload=ses_nobody", orphan)
        self.podman("volume", "create", foreign)
        try:
            yield orphan, foreign
            assert self.podman("volume", "exists", foreign).returncode == 0, "what is not ours was touched"
        finally:
            self.podman("network", "rm", "-f", orphan)
            self.podman("volume", "rm", "-f", foreign)

    @contextlib.contextmanager
    def routes(self, *ranges):
        """Sessions can be led to these ranges as this machine can."""
        yield

    def clean(self, server):
        """Volumes of a test's workspaces, and what a killed run left, by this instance's label only."""
        instance = instance_of(server)
        if not instance:
            return
        for kind in ("container", "volume", "network"):
            listing = ["ps", "-aq"] if kind == "container" else [kind, "ls", "-q"]
            ids = self.podman(*listing, "--filter", f"label=berth.instance={instance}").stdout.split()
            if ids:
                self.podman(*(["rm", "-f"] if kind == "container" else [kind, "rm", "-f"]), *ids)
        subprocess.run(["nft", "delete", "table", "inet", f"berth_{instance}"], capture_output=True)

    @staticmethod
    def podman(*words):
        return subprocess.run(["podman", *words], capture_output=True, text=True)


def let_go(kubectl):
    """What a Berth that has ended still holds: nobody else takes its finalizers away. `kubectl` runs in the namespace."""
    for kind in ("templates", "sessions", "workspaces"):
        for name in kubectl("get", f"{kind}.berth.dev", "-o", "name", "--ignore-not-found").split():
            kubectl("patch", name, "--type=merge", "--patch", '{"metadata": {"finalizers": null}}')


class KubernetesWorld:
    """A cluster: the one of `./dev cluster`, or any whose kubeconfig BERTH_TEST_KUBECONFIG names."""

    name = "kubernetes"
    real = True

    def __init__(self):
        self.own = "BERTH_TEST_KUBECONFIG" not in os.environ
        self.kubeconfig = os.environ.get("BERTH_TEST_KUBECONFIG", str(ROOT / ".cache/cluster/run/kubeconfig"))
        self.kubectl_program = os.environ.get("BERTH_TEST_KUBECTL", str(ROOT / ".cache/cluster/bin/kubectl"))
        self.namespace = os.environ.get("BERTH_TEST_NAMESPACE", f"berth-e2e-{os.getpid()}")

    def options(self):
        return {"kubeconfig": self.kubeconfig, "session_namespace": self.namespace, "cpu_overcommit": 20}

    def running(self, session):
        return [pod["metadata"]["uid"] for pod in self.pods(session) if pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]]

    def left(self, session):
        return [pod["metadata"]["uid"] for pod in self.pods(session)]

    def kill(self, handle):
        pod = self.pod(handle)
        container = pod["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://")
        self.inside("ctr", "-n", "k8s.io", "task", "kill", "-s", "SIGKILL", container)

    def remove(self, handle):
        self.kubectl("delete", "pod", self.pod(handle)["metadata"]["name"], "--grace-period=0", "--force", "--wait=false")

    def published(self, session):
        return "".join(str(port["hostPort"]) for pod in self.pods(session) for container in pod["spec"]["containers"] for port in container.get("ports", []) if "hostPort" in port)

    def kill_engine(self, server):
        """The API server: what keeps the cluster starts it again."""
        self.inside("pkill", "-KILL", "-x", "kube-apiserver")

    @contextlib.contextmanager
    def strangers(self, server, session):
        orphan, foreign = "ses-nobody", session.replace("_", "-") + "-theirs"
        self.kubectl("create", "configmap", orphan)
        self.kubectl("label", "configmap", orphan, f"berth.dev/instance={instance_of(server)}", "berth.dev/workload=ses_nobody")
        self.kubectl("create", "secret", "generic", foreign)
        try:
            yield f"{self.namespace}/{orphan}", f"{self.namespace}/{foreign}"
            self.kubectl("get", "secret", foreign)
        finally:
            self.kubectl("delete", "configmap", orphan, "--ignore-not-found")
            self.kubectl("delete", "secret", foreign, "--ignore-not-found")

    @contextlib.contextmanager
    def routes(self, *ranges):
        made = []
        try:
            for one in ranges:
                self.inside("ip", "route", "replace", one, "via", "198.51.100.1")
                made.append(one)
            yield
        finally:
            for one in made:
                self.inside("ip", "route", "delete", one)

    # What a session may ask for by name, and where its process 1 listens.
    known_name = "kubernetes.default"
    own_port = 61117

    def own_addresses(self, session):
        """What a session must not reach of its cluster: (what, address, port)."""
        everywhere = lambda *words: json.loads(self.kubectl("get", *words, "-o", "json"))
        found = [("the way into another session", self.pods(session)[0]["status"]["podIP"], self.own_port)]
        api = everywhere("service", "kubernetes", "-n", "default")
        found.append(("the API server's service", api["spec"]["clusterIP"], 443))
        for part in everywhere("endpointslices", "-n", "default", "-l", "kubernetes.io/service-name=kubernetes")["items"]:
            found += [("the API server", address, part["ports"][0]["port"]) for one in part["endpoints"] for address in one["addresses"]]
        for service in everywhere("services", "-A")["items"]:
            dns = service["metadata"]["name"] == "kube-dns"
            found += [("a service", service["spec"]["clusterIP"], port["port"]) for port in service["spec"]["ports"] if not dns or port["port"] != 53]
        for node in everywhere("nodes")["items"]:
            found += [("a node's kubelet", address["address"], 10250) for address in node["status"]["addresses"] if address["type"] == "InternalIP"]
        return [entry for entry in found if entry[1] != "None"]

    def clean(self, server):
        if "berth.dev" in self.kubectl("api-versions"):
            let_go(self.kubectl)
        self.kubectl("delete", "namespace", self.namespace, "--ignore-not-found", "--timeout=120s")

    def pods(self, session):
        return json.loads(self.kubectl("get", "pods", "-l", f"berth.dev/workload={session}", "-o", "json"))["items"]

    def pod(self, uid):
        return next(pod for pod in json.loads(self.kubectl("get", "pods", "-o", "json"))["items"] if pod["metadata"]["uid"] == uid)

    def kubectl(self, *words, stdin=None):
        done = subprocess.run([self.kubectl_program, "--kubeconfig", self.kubeconfig, "-n", self.namespace, *words], capture_output=True, text=True, input=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def inside(self, *words):
        done = subprocess.run([str(ROOT / "dev"), "cluster", "inside", "--", *words], capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout


class SimWorld:
    """Nothing runs: what a case needs of a real process it cannot have here."""

    name = "sim"
    real = False

    def options(self):
        return {}

    def clean(self, server):
        pass


# What asks a real process something, by name: exempt where nothing runs.
NEED_A_PROCESS = {
    "test_1_a_session_from_launch_to_removal_by_cli": "programs run in it",
    "test_2_a_restart_and_a_kill_of_the_server_change_nothing": "what runs outlives the server",
    "test_2_what_was_ready_stays_ready_however_long_it_has_run": "what runs outlives the server",
    "test_3_linked_components_talk": "components talk",
    "test_it_keeps_its_memory_and_goes_on_where_it_was": "a program counts",
    "test_a_terminal_that_was_open_goes_on_when_somebody_types": "a shell answers",
    "test_a_server_killed_between_a_freeze_and_its_record_finds_it_so": "what runs outlives the server",
    "test_what_somebody_pauses_by_hand_is_made_what_is_wanted": "a container is paused",
    "test_a_navigation_wakes_once_and_a_background_poll_wakes_nothing": "an application answers",
    "test_an_application_tells_itself_whether_it_is_used": "an application answers",
    "test_what_takes_the_processor_is_left_alone": "the kernel counts",
    "test_a_program_that_somebody_waits_for_is_left_alone": "a program runs",
    "test_an_image_that_does_not_exist": "images are looked for",
    "test_an_image_that_exits_at_once_shows_code_and_last_lines": "a program ends",
    "test_a_port_that_never_listens": "a port is asked",
    "test_files_of_a_template_are_there_before_it_starts_and_after_every_start": "a program reads them",
    "test_a_path_that_nobody_may_write_fails_the_start_by_name": "the kernel refuses",
    "test_running_out_of_memory": "the kernel counts",
    "test_a_killed_container_comes_back": "a process is killed",
    "test_a_container_removed_behind_our_back_is_made_again": "a container is removed",
    "test_they_prepare_a_new_workspace_once": "programs run",
    "test_one_that_fails_says_why_and_is_tried_again": "programs run",
    "test_a_server_killed_during_a_step_goes_on_with_it": "what runs outlives the server",
    "test_a_session_reaches_neither_neighbours_nor_the_host_nor_private_addresses": "packets are sent",
    "test_components_of_one_session_reach_each_other_and_names": "packets are sent",
    "test_a_session_reaches_nothing_of_what_runs_it": "packets are sent",
    "test_the_internet_is_reached_as_the_template_says": "packets are sent",
    "test_a_session_has_no_privileges": "the kernel refuses",
    "test_the_engines_service_may_be_killed": "there is a service",
    "test_a_sweep_removes_what_nobody_has_and_leaves_alone_what_is_not_ours": "others make things in it",
    "test_doctor_finds_everything_in_order": "there is an engine to examine",
}

WORLDS = {"container": ContainerWorld, "kubernetes": KubernetesWorld, "sim": SimWorld}


def world():
    return WORLDS[os.environ.get("BERTH_TEST_ENGINE", "container")]()
