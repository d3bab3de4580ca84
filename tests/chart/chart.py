"""What the tests of the chart share: helm, kubectl, and manifests as Python values."""

import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

# The one in C is ten times as fast.
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy/chart"
TOOLS = ROOT / ".cache/cluster/bin"
HELM = os.environ.get("BERTH_TEST_HELM", str(TOOLS / "helm"))
KUBECTL = os.environ.get("BERTH_TEST_KUBECTL", str(TOOLS / "kubectl"))
IMAGE = os.environ.get("BERTH_TEST_IMAGE", "localhost/berth/berth:0.1.0")
PUBLIC = {"url": "https://berth.example.org", "appsDomain": "apps.example.org"}

sys.path.insert(0, str(ROOT / "tests/e2e"))


def run(*words, input=None, check=True, env=None, limit=300):
    done = subprocess.run([str(word) for word in words], input=input, capture_output=True, text=True, timeout=limit, env=os.environ | (env or {}))
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done


def kubectl(*words, **options):
    return run(KUBECTL, *words, **options)


def get(*words):
    return json.loads(kubectl("get", "-o", "json", *words).stdout)


def values_file(values):
    file = tempfile.NamedTemporaryFile("w", suffix=".yaml", prefix="berth-values-")
    yaml.safe_dump(values, file)
    file.flush()
    return file


@functools.cache
def rendered(values, release, namespace, versions, helm):
    with values_file(json.loads(values)) as file:
        apis = [word for version in versions for word in ("--api-versions", version)]
        return run(helm, "template", release, CHART, "--namespace", namespace, "--values", file.name, "--kube-version", "1.30.0", *apis, check=False)


def template(values=None, release="berth", namespace="berth", versions=(), check=True, helm=HELM):
    """What `helm template` gives: the objects, or with `check=False` the finished process."""
    done = rendered(json.dumps(values or {}), release, namespace, tuple(versions), helm)
    if not check:
        return done
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.load_all(done.stdout, Loader) if each]


def one(objects, kind, name=None):
    found = [each for each in objects if each["kind"] == kind and name in (None, each["metadata"]["name"])]
    assert len(found) == 1, f"{len(found)} of kind {kind} {name or ''}"
    return found[0]


def workload(objects):
    return next(each for each in objects if each["kind"] in ("StatefulSet", "Deployment"))


def deep_merge(base, more):
    merged = dict(base)
    for key, value in more.items():
        merged[key] = deep_merge(merged[key], value) if isinstance(value, dict) and isinstance(merged.get(key), dict) else value
    return merged


# Every switch of the chart at least once, by what it shows.
CASES = {
    "nothing said": {},
    "a public name and an ingress": PUBLIC | {"ingress": {"enabled": True, "className": "nginx", "tlsSecret": "berth-tls", "annotations": {"a/b": "c"}}},
    "an ingress whose controller has the certificate": PUBLIC | {"ingress": {"enabled": True}},
    "an HTTPRoute": PUBLIC | {"httpRoute": {"enabled": True, "parentRefs": [{"name": "public", "namespace": "gateways", "sectionName": "https"}], "annotations": {"a/b": "c"}}},
    "an ingress for each session": PUBLIC | {"sessions": {"routes": "ingress"}, "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "berth-tls", "annotations": {"a/b": "c"}}, "trustedProxies": ["10.42.0.0/16", "::1"]},
    "an HTTPRoute for each session": PUBLIC | {"sessions": {"routes": "httpRoute"}, "httpRoute": {"enabled": True, "parentRefs": [{"name": "public", "namespace": "gateways", "sectionName": "https"}, {"name": "own"}]}},
    "a service of another kind and port": {"service": {"type": "LoadBalancer", "port": 8000, "annotations": {"a/b": "c"}}},
    "PostgreSQL by its address": {"database": {"url": "postgres://berth:secret@db:5432/berth"}},
    "PostgreSQL by a secret, and replicas": {"database": {"existingSecret": "db", "existingSecretKey": "uri"}, "replicas": 3, "podDisruptionBudget": {"enabled": True}},
    "PostgreSQL and a short goodbye": {"database": {"existingSecret": "db"}, "drainSeconds": 90},
    "PostgreSQL and an autoscaler": {"database": {"existingSecret": "db"}, "autoscaling": {"enabled": True, "maxReplicas": 9}, "podDisruptionBudget": {"enabled": True, "maxUnavailable": "50%"}},
    "no volume": {"persistence": {"enabled": False}},
    "a volume of somebody's": {"persistence": {"existingClaim": "mine"}},
    "a volume of a class": {"persistence": {"storageClass": "fast", "size": "20Gi", "accessMode": "ReadWriteOncePod", "annotations": {"a/b": "c"}}},
    "sessions with limits": {
        "sessions": {
            "resourceQuota": {"requests.cpu": "40", "pods": 200},
            "limitRange": [{"type": "Container", "max": {"memory": "8Gi"}}],
            "storageClass": "fast", "pullSecrets": ["one", "two"], "cpuOvercommit": 4, "capacity": {"running": 40, "cpu": "32", "memory": "128Gi"}, "openRanges": ["10.1.0.0/16", "10.2.0.0/24:5432", "fd00:1::/64:8000-8099"], "closedRanges": ["192.0.2.7/32", "2001:db8::1/128"], "dnsRanges": ["169.254.20.10/32"],
        }
    },
    "namespaces, pods and volumes of somebody's own": {
        "sessions": {
            "namespaces": "user", "namespaceQuota": True, "storageClasses": {"ide": "fast"},
            "podOverlay": {"spec": {"runtimeClassName": "gvisor"}}, "podOverlays": {"ide": {"metadata": {"annotations": {"a/b": "c"}}}},
        }
    },
    "sessions in a namespace that is there": {"sessions": {"createNamespace": False, "defaultDeny": False}},
    "sessions of profile compat": {"sessions": {"podSecurity": "baseline"}},
    "pods through the API server": {"sessions": {"podAccess": "forward"}},
    "an account and rights of somebody's": {"serviceAccount": {"create": False, "name": "mine"}, "rbac": {"create": False}},
    "no rights beyond the namespace": {"rbac": {"storageClasses": False, "definitions": False, "apiServer": False}, "serviceAccount": {"annotations": {"a/b": "c"}}},
    "a policy with more": {"networkPolicy": {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}], "apiServerPorts": [16443], "egress": [{"ports": [{"protocol": "TCP", "port": 4318}]}]}},
    "no policy": {"networkPolicy": {"enabled": False}},
    "metrics": {"metrics": {"serviceMonitor": {"enabled": True, "tokenSecret": "berth-metrics", "labels": {"release": "prometheus"}}, "rules": {"enabled": True, "labels": {"release": "prometheus"}}, "dashboard": {"enabled": True, "annotations": {"a/b": "c"}}}},
    "pods as an admin wants them": {
        "image": {"registry": "registry.example", "digest": "sha256:" + "0" * 64, "pullPolicy": "Always"}, "imagePullSecrets": ["pull"], "commonLabels": {"team": "tools"}, "podLabels": {"tier": "front"}, "podAnnotations": {"a/b": "c"},
        "nodeSelector": {"kubernetes.io/arch": "amd64"}, "tolerations": [{"key": "infra", "operator": "Exists"}], "priorityClassName": "system-cluster-critical",
        "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}, "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "berth"}}}],
        "extraEnv": [{"name": "SSL_CERT_FILE", "value": "/trust/ca.crt"}], "extraVolumes": [{"name": "trust", "configMap": {"name": "trust"}}], "extraVolumeMounts": [{"name": "trust", "mountPath": "/trust"}],
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}},
    },
    "other words for the program": {"config": {"loops": 2, "connections": 100, "looksAtOnce": 8, "clusterRequests": 8, "logLevel": "debug", "logFormat": "text"}, "catalog": {"starter": False}},
    "the starter's images in a registry": {"catalog": {"registry": "registry.example.org:5000/team/tools"}},
    "another name": {"fullnameOverride": "harbour", "nameOverride": "harbour"},
}
# These need an API that a plain cluster does not have, or that only OpenShift has.
OPENSHIFT = PUBLIC | {"route": {"enabled": True}}
