"""What the chart makes of values, and what it refuses. Needs helm, and for some cases an API server (KUBECONFIG)."""

import base64
import json
import os
import re
import subprocess
import unittest

import yaml

from chart import CASES, CHART, HELM, OPENSHIFT, PUBLIC, ROOT, kubectl, one, run, template, values_file, workload
from berth import PROGRAM


def seconds(length):
    """Of a length of time as the configuration has it, `1h30m`."""
    return sum(int(count) * {"h": 3600, "m": 60, "s": 1}[unit] for count, unit in re.findall(r"(\d+)([hms])", length))

# By what is wrong, and a word of the refusal.
REFUSED = {
    "a key that nobody knows": ({"replica": 2}, "replica"),
    "a key below a known one": ({"sessions": {"names": "x"}}, "names"),
    "replicas without PostgreSQL": ({"replicas": 2}, "replicas: needs PostgreSQL: set database.existingSecret"),
    "an autoscaler without PostgreSQL": ({"autoscaling": {"enabled": True}}, "autoscaling: needs PostgreSQL: set database.existingSecret"),
    "a budget of the only pod": ({"podDisruptionBudget": {"enabled": True}}, "podDisruptionBudget: needs PostgreSQL: set database.existingSecret"),
    "a budget that lets no node be drained": ({"database": {"existingSecret": "db"}, "podDisruptionBudget": {"enabled": True, "maxUnavailable": "0%"}}, "maxUnavailable"),
    "a registry with its scheme": ({"catalog": {"registry": "https://registry.example.org/"}}, "registry"),
    "a database that is none": ({"database": {"url": "mysql://x"}}, "url"),
    "an address without a scheme": ({"url": "berth.example.org"}, "url"),
    "an address with a path": ({"url": "https://example.org/berth"}, "url"),
    "a level that is none": ({"config": {"logLevel": "loud"}}, "logLevel"),
    "connections beyond the program's": ({"config": {"connections": 1}}, "connections"),
    "an access that is none": ({"sessions": {"podAccess": "tunnel"}}, "podAccess"),
    "a standard that is none": ({"sessions": {"podSecurity": "privileged"}}, "podSecurity"),
    "namespaces for what there is not yet": ({"sessions": {"namespaces": "group"}}, "namespaces"),
    "an overlay of a template that is none": ({"sessions": {"podOverlays": {"ide": {"status": {}}}}}, "podOverlays"),
    "a GPU without a vendor": ({"sessions": {"gpuResource": "gpu"}}, "gpuResource"),
    "a namespace that cannot be": ({"sessions": {"namespace": "Sessions"}}, "namespace"),
    "a range that is none": ({"sessions": {"closedRanges": ["10.0.0.1"]}}, "closedRanges"),
    "a number as text": ({"replicas": "1"}, "replicas"),
    "a switch as text": ({"ingress": {"enabled": "yes"}}, "enabled"),
    "a size that is none": ({"persistence": {"size": "five"}}, "size"),
    "a digest that is none": ({"image": {"digest": "sha256:1"}}, "digest"),
    "a monitor without its token": ({"metrics": {"serviceMonitor": {"enabled": True}}}, "tokenSecret"),
    "an HTTPRoute without a gateway": (PUBLIC | {"httpRoute": {"enabled": True}}, "parentRefs"),
    "HTTPRoutes of sessions without a gateway": (PUBLIC | {"sessions": {"routes": "httpRoute"}}, "parentRefs"),
    "routes of sessions of a kind that is none": (PUBLIC | {"sessions": {"routes": "Ingress"}}, "routes"),
    "routes of sessions on localhost": ({"sessions": {"routes": "ingress"}}, "url"),
    "a proxy that is no range": ({"trustedProxies": ["ingress.example.org"]}, "trustedProxies"),
    "an ingress to localhost": ({"ingress": {"enabled": True}}, "url"),
    "a route to localhost": ({"route": {"enabled": True}}, "url"),
    "sessions beside Berth": ({"sessions": {"namespace": "berth", "createNamespace": False}}, "sessions.namespace"),
    "a port that is none": ({"service": {"port": 70000}}, "port"),
}


class Rendering(unittest.TestCase):
    def test_lints_without_a_word(self):
        for name, values in CASES.items():
            with self.subTest(name), values_file(values) as file:
                done = run(HELM, "lint", "--strict", CHART, "--values", file.name, "--kube-version", "1.30.0")
                self.assertNotRegex(done.stdout, r"\[(WARNING|ERROR)\]")

    def test_refuses_what_is_wrong_by_its_name(self):
        for name, (values, word) in REFUSED.items():
            with self.subTest(name):
                done = template(values, check=False)
                self.assertNotEqual(done.returncode, 0, "it was accepted")
                self.assertIn(word, done.stderr)

    def test_says_in_the_schema_what_values_yaml_has(self):
        """Every value has its default and its line of the schema, and nothing else does."""
        schema = json.loads((CHART / "values.schema.json").read_text())
        values = yaml.safe_load((CHART / "values.yaml").read_text())

        def compare(at, part, said):
            if "properties" not in part:
                return
            self.assertEqual(part.get("additionalProperties"), False, at)
            known = set(part["properties"]) - {"global"}
            if at.endswith((".resources", ".podOverlay", ".podOverlays")):
                return
            self.assertEqual(known, set(said), at)
            for key in known:
                if isinstance(said[key], dict):
                    compare(f"{at}.{key}", part["properties"][key], said[key])

        compare("values", schema, values)

    def test_comments_every_value_but_those_that_say_it_themselves(self):
        lines = (CHART / "values.yaml").read_text().split("\n")
        top = [number for number, line in enumerate(lines) if re.match(r"[a-zA-Z]", line)]
        silent = {"nameOverride", "fullnameOverride", "image", "serviceAccount", "rbac", "service", "httpRoute", "resources", "metrics",
                  "podAnnotations", "podLabels", "nodeSelector", "tolerations", "affinity", "topologySpreadConstraints", "priorityClassName", "extraVolumeMounts"}
        for number in top:
            key = lines[number].split(":")[0]
            if key not in silent:
                self.assertTrue(lines[number - 1].startswith("#"), f"{key} has no comment")

    def test_passes_every_key_of_the_cluster_to_the_program(self):
        """The file that the chart makes is one that the program reads, and it says what the values say."""
        for name, values in CASES.items():
            with self.subTest(name):
                text = one(template(values), "ConfigMap", "harbour" if "fullnameOverride" in values else "berth")["data"]["config.yaml"]
                with values_file(yaml.safe_load(text)) as file:
                    clean = {key: value for key, value in os.environ.items() if not key.startswith("BERTH_")}
                    done = subprocess.run([str(PROGRAM), "config", "--config", file.name], capture_output=True, text=True, env=clean)
                self.assertEqual(done.returncode, 0, done.stderr)
                inside = yaml.safe_load(done.stdout)
                given = yaml.safe_load(text)
                # The same length of time may be written in other units.
                self.assertEqual(seconds(inside.pop("drainLimit")), seconds(given.pop("drainLimit", "0s")))
                for key, value in given.items():
                    self.assertEqual(inside[key], value, key)

    def test_sets_every_key_that_a_cluster_needs(self):
        """What no values lead to is a machine's, or comes another way."""
        known = yaml.safe_load(subprocess.run([str(PROGRAM), "config"], capture_output=True, text=True, check=True).stdout)
        given = {key for values in CASES.values() for each in template(values) if each["kind"] == "ConfigMap" and "config.yaml" in each["data"]
                 for key in yaml.safe_load(each["data"]["config.yaml"])}
        by_other_means = {"database", "databasePasswordFile", "masterKeyCommand", "dataDirectory", "roles", "kubeconfig", "kubeContext"}
        self.assertEqual(set(known) - given, by_other_means | {"engineSocket", "baseImage"})

    def test_lets_the_gateway_in_by_a_label_that_its_pods_have(self):
        objects = template({}, release="lab", namespace="tools")
        config = yaml.safe_load(one(objects, "ConfigMap")["data"]["config.yaml"])
        place, _, label = config["gatewayPods"].partition("/")
        key, _, value = label.rpartition("=")
        self.assertEqual(place, "tools")
        self.assertEqual(workload(objects)["spec"]["template"]["metadata"]["labels"][key], value)

    def test_hands_the_overlay_of_pods_on_as_it_is(self):
        overlay = {"metadata": {"annotations": {"a/b": "1"}}, "spec": {"runtimeClassName": "gvisor", "tolerations": [{"key": "sessions", "operator": "Exists"}]}}
        config = yaml.safe_load(one(template({"sessions": {"podOverlay": overlay}}), "ConfigMap")["data"]["config.yaml"])
        self.assertEqual(config["podOverlay"], overlay)

    def test_is_one_pod_with_a_volume_or_many_with_a_database(self):
        alone = workload(template())
        self.assertEqual((alone["kind"], alone["spec"]["replicas"], alone["spec"]["volumeClaimTemplates"][0]["metadata"]["name"]), ("StatefulSet", 1, "data"))
        many = workload(template(CASES["PostgreSQL by a secret, and replicas"]))
        self.assertEqual((many["kind"], many["spec"]["replicas"]), ("Deployment", 3))
        self.assertNotIn("replicas", workload(template(CASES["PostgreSQL and an autoscaler"]))["spec"])
        env = {each["name"]: each for each in many["spec"]["template"]["spec"]["containers"][0]["env"]}
        self.assertEqual(env["BERTH_DATABASE"]["valueFrom"]["secretKeyRef"], {"name": "db", "key": "uri"})

    def test_is_spoken_to_in_words_that_hold_for_both(self):
        page = (ROOT / "docs/kubernetes.md").read_text()
        self.assertNotRegex(page, r"kubectl .*(statefulset|deployment)/", "name service/berth, or select by label")
        for name in ("nothing said", "PostgreSQL by a secret, and replicas"):
            objects = template(CASES[name])
            label = workload(objects)["metadata"]["labels"]["app.kubernetes.io/name"]
            self.assertIn(f"--selector app.kubernetes.io/name={label}", page)
            self.assertLessEqual(one(objects, "Service", "berth")["spec"]["selector"].items(), workload(objects)["spec"]["template"]["metadata"]["labels"].items())

    def test_gives_a_pod_of_many_the_time_to_see_its_clients_off(self):
        for values, drains, grace in (({}, None, 60), (CASES["PostgreSQL by a secret, and replicas"], "3600s", 3630), (CASES["PostgreSQL and a short goodbye"], "90s", 120)):
            objects = template(values)
            self.assertEqual(yaml.safe_load(one(objects, "ConfigMap")["data"]["config.yaml"]).get("drainLimit"), drains)
            self.assertEqual(workload(objects)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"], grace)
        self.assertEqual(workload(objects)["spec"]["strategy"]["rollingUpdate"], {"maxUnavailable": 0, "maxSurge": 1})

    def test_writes_the_database_into_a_secret_only(self):
        objects = template(CASES["PostgreSQL by its address"])
        for each in objects:
            if each["kind"] != "Secret":
                self.assertNotIn("secret@db", json.dumps(each), each["kind"])

    def test_makes_a_master_key_that_stays_and_nobody_changes(self):
        made = one([each for each in template() if each["metadata"]["name"] == "berth-master-key"], "Secret", "berth-master-key")
        self.assertEqual(len(base64.b64decode(base64.b64decode(made["data"]["master.key"]))), 32)
        self.assertTrue(made["immutable"])
        self.assertEqual(made["metadata"]["annotations"]["helm.sh/resource-policy"], "keep")
        own = template({"masterKey": {"existingSecret": "mine", "existingSecretKey": "key"}})
        self.assertNotIn("mine", [each["metadata"]["name"] for each in own])
        self.assertNotIn("berth-master-key", [each["metadata"]["name"] for each in own])
        pod = workload(own)["spec"]["template"]["spec"]
        (volume,) = [each for each in pod["volumes"] if each["name"] == "master-key"]
        self.assertEqual(volume["secret"], {"secretName": "mine", "defaultMode": 0o440, "items": [{"key": "key", "path": "master.key"}]})
        config = yaml.safe_load(one(own, "ConfigMap")["data"]["config.yaml"])
        (mount,) = [each for each in pod["containers"][0]["volumeMounts"] if each["name"] == "master-key"]
        self.assertEqual(config["masterKeyFile"], mount["mountPath"] + "/master.key")

    def test_leads_both_hosts_to_the_service(self):
        rules = one(template(CASES["a public name and an ingress"]), "Ingress")["spec"]
        self.assertEqual([rule["host"] for rule in rules["rules"]], ["berth.example.org", "*.apps.example.org"])
        self.assertEqual(rules["tls"], [{"hosts": ["berth.example.org", "*.apps.example.org"], "secretName": "berth-tls"}])
        self.assertEqual(one(template(CASES["an HTTPRoute"]), "HTTPRoute")["spec"]["hostnames"], ["berth.example.org", "*.apps.example.org"])
        routes = [each["spec"] for each in template(OPENSHIFT) if each["kind"] == "Route"]
        self.assertEqual({(route["host"], route["wildcardPolicy"]) for route in routes}, {("berth.example.org", "None"), ("wildcard.apps.example.org", "Subdomain")})

    def test_leaves_the_sessions_hosts_to_their_own_routes_when_they_have_some(self):
        ingress, route = CASES["an ingress for each session"], CASES["an HTTPRoute for each session"]
        self.assertEqual([rule["host"] for rule in one(template(ingress), "Ingress")["spec"]["rules"]], ["berth.example.org"])
        self.assertEqual(one(template(route), "HTTPRoute")["spec"]["hostnames"], ["berth.example.org"])
        config = yaml.safe_load(one(template(ingress, release="lab", namespace="tools"), "ConfigMap")["data"]["config.yaml"])
        said = {key: config[key] for key in config if key.startswith(("route", "gatewayService", "sessionRoutes", "trusted"))}
        self.assertEqual(said, {"sessionRoutes": "ingress", "gatewayService": "tools/lab-berth:80", "routeClass": "nginx",
                                "routeTlsSecret": "berth-tls", "routeAnnotations": {"a/b": "c"}, "trustedProxies": "10.42.0.0/16,::1"})
        config = yaml.safe_load(one(template(route), "ConfigMap")["data"]["config.yaml"])
        self.assertEqual(config["routeParents"], "gateways/public/https,berth/own")

    def test_makes_no_way_in_unless_asked(self):
        self.assertFalse({"Ingress", "HTTPRoute", "Route"} & {each["kind"] for each in template(PUBLIC)})

    def test_leaves_the_user_to_openshift(self):
        for values, versions, fixed in (({}, (), True), ({}, ("security.openshift.io/v1",), False), ({"openshift": False}, ("security.openshift.io/v1",), True), ({"openshift": True}, (), False)):
            with self.subTest(values=values, versions=versions):
                security = workload(template(values, versions=versions))["spec"]["template"]["spec"]["securityContext"]
                self.assertEqual("runAsUser" in security and "fsGroup" in security, fixed)
                self.assertTrue(security["runAsNonRoot"])

    def test_restarts_when_its_configuration_changes(self):
        def mark(values):
            return workload(template(values))["spec"]["template"]["metadata"]["annotations"]["berth.dev/config"]
        self.assertEqual(mark({}), mark({"ingress": {"annotations": {"a/b": "c"}}}))
        self.assertNotEqual(mark({}), mark({"config": {"logLevel": "debug"}}))

    def test_keeps_the_users_files_when_it_goes(self):
        objects = template()
        self.assertEqual(one(objects, "Namespace")["metadata"]["annotations"]["helm.sh/resource-policy"], "keep")
        self.assertEqual(workload(objects)["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"], "Retain")

    def test_names_the_version_of_the_program(self):
        said = re.search(r"project\(berth VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
        about = yaml.safe_load((CHART / "Chart.yaml").read_text())
        self.assertEqual((about["version"], about["appVersion"]), (said, said))

    def test_renders_alike_with_the_oldest_helm(self):
        oldest = os.environ.get("BERTH_TEST_HELM_OLDEST")
        if not oldest:
            self.skipTest("BERTH_TEST_HELM_OLDEST names no Helm 3.14")
        for name, values in CASES.items():
            with self.subTest(name):
                # A key is another one each time.
                rest = [sorted(str(each) for each in template(values, helm=helm) if not each["metadata"]["name"].endswith("-master-key"))
                        for helm in (oldest, HELM)]
                self.assertEqual(rest[0], rest[1])


@unittest.skipUnless(os.environ.get("KUBECONFIG"), "no API server: KUBECONFIG is not set")
class AgainstAnApiServer(unittest.TestCase):
    """A real API server takes what the chart makes; nothing of it is kept but namespaces of our own."""

    @classmethod
    def setUpClass(cls):
        cls.namespace = f"berth-chart-{os.getpid()}"
        cls.sessions = cls.namespace + "-sessions"
        for name in (cls.namespace, cls.sessions):
            kubectl("create", "namespace", name)
            kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted", "pod-security.kubernetes.io/warn=restricted")
        for account in ("berth", "mine", "harbour"):
            kubectl("-n", cls.namespace, "create", "serviceaccount", account)
        lines = kubectl("api-resources", "--no-headers").stdout.strip().split("\n")
        cls.kinds = {(words[-3], words[-1]) for words in map(str.split, lines)}

    @classmethod
    def tearDownClass(cls):
        for name in (cls.namespace, cls.sessions):
            kubectl("delete", "namespace", name, "--wait=false")

    def served(self, each):
        return (each["apiVersion"], each["kind"]) in self.kinds

    def test_it_takes_every_object(self):
        unserved = set()
        for name, values in CASES.items():
            sessions = {"namespace": self.sessions} | values.get("sessions", {})
            objects = template(values | {"sessions": sessions}, namespace=self.namespace)
            known = [each for each in objects if self.served(each)]
            unserved |= {each["kind"] for each in objects if not self.served(each)}
            with self.subTest(name):
                done = kubectl("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-", input=yaml.safe_dump_all(known), check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertNotIn("Warning", done.stderr)
        if unserved:
            print(f"not served here, so not checked: {', '.join(sorted(unserved))}")

    def test_pod_security_restricted_takes_its_pods(self):
        for name, values in (CASES | {"the user of OpenShift": {"openshift": True}}).items():
            values = values | {"serviceAccount": {"create": True}, "priorityClassName": ""}
            objects = template(values | {"fullnameOverride": "berth"}, namespace=self.namespace)
            spec = workload(objects)["spec"]
            pods = [{"metadata": {"name": "server"}, "spec": spec["template"]["spec"]}, {"metadata": {"name": "test"}, "spec": one(objects, "Pod")["spec"]}]
            for claim in spec.get("volumeClaimTemplates", []):
                pods[0]["spec"]["volumes"].append({"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": "x"}})
            for pod in pods:
                pod |= {"apiVersion": "v1", "kind": "Pod"}
                with self.subTest(name, pod=pod["metadata"]["name"]):
                    done = kubectl("-n", self.namespace, "create", "--dry-run=server", "-f", "-", input=yaml.safe_dump(pod), check=False)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertNotIn("would violate", done.stderr)

    def test_restricted_is_what_the_server_enforces(self):
        """The check above can fail: the same pod without its security context is refused."""
        spec = workload(template(namespace=self.namespace))["spec"]["template"]["spec"]
        del spec["securityContext"]["seccompProfile"]
        spec["volumes"].append({"name": "data", "emptyDir": {}})
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "server"}, "spec": spec}
        done = kubectl("-n", self.namespace, "create", "--dry-run=server", "-f", "-", input=yaml.safe_dump(pod), check=False)
        self.assertIn("violates PodSecurity", done.stderr)


if __name__ == "__main__":
    unittest.main()
