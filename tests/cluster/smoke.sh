#!/usr/bin/env bash
# Does the cluster do what it is for? Against the one that `./dev cluster up` started; about a minute.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
directory=${1:-$PWD/.cache/cluster/run}
image=localhost/berth/smoke:cluster
namespace=smoke-$RANDOM
passed=0 failed=0

kubectl() { "$PWD/.cache/cluster/bin/kubectl" --kubeconfig "$directory/kubeconfig" -n "$namespace" "$@"; }

check() { # SENTENCE COMMAND...
    local sentence=$1 out
    shift
    if out=$("$@" 2>&1); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n%s\n' "$sentence" "$out"
    fi
}

within() { # SECONDS COMMAND...
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do ((SECONDS < deadline)) || return 1; sleep 0.2; done
}

contains() { local text=$1; shift; "$@" | grep -qF "$text"; }
# From the pod `client`, by the service's name. (Not `wget -T`: it crashes in Debian's static busybox.)
asks_web() { contains "it works" kubectl exec client -- timeout 1 wget -qO - "http://web.$namespace.svc.cluster.local:8080/"; }
# Twice, for once might be a hiccup.
is_denied() { ! asks_web && ! asks_web; }

make_image() {
    local root
    root=$(mktemp -d)
    mkdir "$root/bin"
    cp /bin/busybox "$root/bin/"
    for tool in sh httpd wget timeout sleep cat; do ln -s busybox "$root/bin/$tool"; done
    tar -C "$root" -c . | podman import --quiet - "$image" >/dev/null
    rm -rf "$root"
}

pod() { # NAME COMMAND [CLAIM]
    local volume='emptyDir: {}'
    [[ -z ${3:-} ]] || volume="persistentVolumeClaim: {claimName: $3}"
    kubectl apply -f - <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {app: $1}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: $image
    command: [sh, -c, "$2"]
    volumeMounts: [{name: files, mountPath: /files}]
  volumes: [{name: files, $volume}]
YAML
}

deny_all() {
    kubectl apply -f - <<YAML
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
YAML
}

claim() {
    kubectl apply -f - <<YAML
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: files}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
YAML
}

make_image
check "an image of the container engine gets to the node" ./dev cluster load --directory "$directory" "$image"
kubectl create namespace "$namespace" >/dev/null
within 10 kubectl get serviceaccount default >/dev/null 2>&1
check "a pod is accepted" pod web 'echo it works >/files/index.html; echo ready to serve; exec httpd -f -p 8080 -h /files'
check "another pod is accepted" pod client 'exec sleep 1000'
kubectl expose pod web --port 8080 >/dev/null
check "a pod gets ready" kubectl wait --for=condition=Ready pod/web pod/client --timeout=20s
check "exec works" contains "it works" kubectl exec web -- cat /files/index.html
check "logs work" contains "ready to serve" kubectl logs web
check "a service answers by its name" within 10 asks_web
check "the machine reaches a pod" contains "it works" curl -s --noproxy '*' -m 2 "$(kubectl get pod web -o 'jsonpath={.status.podIP}'):8080"
check "a policy can be made" deny_all
check "a policy is enforced" within 10 is_denied
kubectl delete networkpolicy deny >/dev/null
check "a policy that is gone is enforced no longer" within 10 asks_web
check "a claim can be made" claim
check "a pod with a claim is accepted" pod keeper 'echo kept >/files/note; exec sleep 1000' files
check "a claim is bound and its pod gets ready" kubectl wait --for=condition=Ready pod/keeper --timeout=30s
check "what is written to a volume is there" contains kept kubectl exec keeper -- cat /files/note
kubectl label namespace "$namespace" pod-security.kubernetes.io/enforce=restricted >/dev/null 2>&1
refused() { pod bad true 2>&1; true; }
check "a restricted namespace refuses a pod that is not" contains "violates PodSecurity" refused
check "a namespace ends with all that is in it" kubectl delete namespace "$namespace" --timeout=60s
podman image rm "$image" >/dev/null
echo "$passed passed, $failed failed"
((failed == 0))
