#!/usr/bin/env bash
# A whole Kubernetes on this machine, for tests. README.md says what and why; `cluster.sh --help` how.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/dev/install.sh
source tests/cluster/build.sh
source tests/cluster/certificates.sh
source tests/cluster/load.sh

usage() {
    cat <<TEXT
usage: ./dev cluster VERB [--directory DIR] [options]

  up          start it and wait until it works; quick when it does already
    --api-only     etcd and the API server, nothing else (objects are kept, but nothing acts on them)
    --controllers  the same and the controller manager (namespaces end, owners take along what they own)
    --audit FILE   the API server writes to DIR/log/audit.log what this policy (audit.k8s.io/v1) asks for
  status      where kubeconfig and tools are, and what state each part is in
  down        end it and remove everything it made
  load IMAGE  give images of the container engine to its node, names kept
  gateway-api                 add the definitions of the Gateway API (standard channel)
  kubeconfig NAMESPACE/NAME   print a kubeconfig of a service account, good for a day
  inside [--] COMMAND         run a command in its namespaces: iptables, ctr, curl to a pod, ...
  tool NAME   print the path of helm, kwok or another of its binaries; build it where missing

DIR holds all that a cluster is; default .cache/cluster/run, or .cache/cluster/api for one without nodes.
TEXT
}

# Set by parse: the private directory, what runs in it, and the words that are not options.
directory='' mode=full audit='' words=()

parse() {
    while (($#)); do
        case $1 in
            --directory) directory=$(realpath -m "${2:?--directory needs a path}"); shift ;;
            --api-only) mode=api ;;
            --controllers) mode=controllers ;;
            --audit) audit=${2:?--audit needs a file}; shift ;;
            --) shift; words+=("$@"); break ;;
            -*) echo "./dev cluster: unknown option \"$1\"" >&2; exit 2 ;;
            *) words+=("$1") ;;
        esac
        shift
    done
    [[ $directory ]] || if [[ $mode == full ]]; then directory=$cache/run; else directory=$cache/api; fi
    case $directory/ in /run/* | /var/lib/* | /var/log/*)
        echo "./dev cluster: $directory is hidden inside the cluster, which has its own /run, /var/lib and /var/log" >&2; exit 2 ;;
    esac
    # A name of its own for what the kernel keeps outside of namespaces.
    cgroup=berth-cluster-$(sha256sum <<<"$directory" | cut -c -8)
}

# The wire between the machine and a whole cluster; its address range allows for one at a time.
# Not brth…: that is what the firewall of the container engine's sessions looks for.
wire=berth-cluster

be_root() { [[ $(id -u) == 0 ]] || exec sudo --preserve-env=PATH bash tests/cluster/cluster.sh "${arguments[@]}"; }

# The number of the cluster's first process. Fails where it does not run, or another process has the number now.
running() {
    pid=$(cat "$directory/pid" 2>/dev/null) &&
        tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "tests/cluster/node.sh $directory "
}

inside() { nsenter -t "$pid" --mount --pid nsenter --net=/run/netns/node "$@"; }
kubectl() { "$bin/kubectl" --kubeconfig "$directory/kubeconfig" "$@"; }

free_port() {
    local port=${1:?}
    while [[ $(ss -Hltn "sport = :$port") ]]; do port=$((port + 1)); done
    echo "$port"
}

make_cgroup() {
    local hierarchy file controller
    for hierarchy in $(awk '$3 ~ /^cgroup2?$/ {print $2}' /proc/mounts); do
        # The second version hands a controller down only where its parent says so.
        for controller in $(cat "$hierarchy/cgroup.controllers" 2>/dev/null); do
            echo "+$controller" >"$hierarchy/cgroup.subtree_control" || true
        done
        mkdir -p "$hierarchy/$cgroup"
        # The first version of cpuset lets nothing in before it is told where it may run.
        for file in cpuset.cpus cpuset.mems; do
            [[ ! -f $hierarchy/$file ]] || cat "$hierarchy/$file" >"$hierarchy/$cgroup/$file"
        done
    done
}

remove_cgroup() {
    local hierarchy _
    for hierarchy in $(awk '$3 ~ /^cgroup2?$/ {print $2}' /proc/mounts); do
        for _ in {1..50}; do
            [[ -d $hierarchy/$cgroup ]] || break
            # A group is busy until the last of its dead processes is buried.
            find "$hierarchy/$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
        done
    done
}

up() {
    local began=$SECONDS binaries=(kubernetes relay)
    [[ $mode == full ]] && binaries+=(pause coredns local-path-provisioner kube-router)
    [[ $(id -u) == 0 ]] || command -v sudo >/dev/null || { echo "./dev cluster: skipped, it needs root" >&2; exit 77; }
    build_binaries "${binaries[@]}"
    be_root
    if running; then
        [[ $(cat "$directory/mode") == "$mode" ]] ||
            { echo "./dev cluster: another kind ($(cat "$directory/mode")) runs in $directory" >&2; exit 1; }
        say "already running"
        status
        return
    fi
    install_for cluster
    down
    if [[ $mode == full ]]; then
        ! ip link show "$wire" >/dev/null 2>&1 ||
            { echo "./dev cluster: another whole cluster runs on this machine (interface $wire)" >&2; exit 1; }
        build_images
        # Where these are modules, they are not loaded from within a namespace.
        ! command -v modprobe >/dev/null || modprobe -qa overlay veth br_netfilter ip_set xt_set xt_comment xt_mark || true
    fi

    [[ ! $(ls -A "$directory" 2>/dev/null) ]] ||
        { echo "./dev cluster: $directory holds something else, and down would remove it" >&2; exit 1; }
    say "starting Kubernetes in $directory"
    mkdir -p "$directory"/{lib,log,volumes,loaded}
    echo "$mode" >"$directory/mode"
    [[ ! $audit ]] || cp "$audit" "$directory/audit.yaml"
    local port
    port=$(free_port 16443)
    make_certificates "$directory" "$port"
    [[ ! ${SUDO_UID:-} ]] || chown "$SUDO_UID" "$directory/kubeconfig"
    make_cgroup
    # Not the caller's environment: its proxies are not for a cluster that has no way out.
    setsid env -i PATH="$PATH:/usr/sbin:/sbin" HOME=/root LANG=C.UTF-8 \
        unshare --mount --pid --fork --kill-child \
        bash tests/cluster/node.sh "$directory" "$mode" "$port" "$cgroup" "$wire" >"$directory/log/node.log" 2>&1 </dev/null 8>&- &

    wait_for "the API server" kubectl get --raw /readyz
    if [[ $mode != api ]]; then
        # The controller manager works when what it makes for each namespace is there.
        wait_for "the controllers" kubectl get serviceaccount default
    fi
    if [[ $mode == full ]]; then
        wait_for "the node" kubectl wait --for=condition=Ready node/node --timeout=10s
        wait_for "DNS" kubectl -n kube-system wait --for=condition=Available deployment/coredns --timeout=10s
        wait_for "network policies" inside iptables -S KUBE-ROUTER-FORWARD
    fi
    say "ready after $((SECONDS - began)) s"
    status
}

wait_for() { # WHAT COMMAND...
    local what=$1 deadline=$((SECONDS + 120)) out
    shift
    until out=$(running && "$@" 2>&1); do
        if ((SECONDS > deadline)); then
            echo "./dev cluster: $what did not come up: $out" >&2
            tail -n 3 "$directory"/log/*.log >&2
            exit 1
        fi
        sleep 0.2
    done
}

down() {
    be_root
    if running; then
        # The kernel ends every process of the namespace with its first, and this one is gone only after them.
        kill -KILL "$pid"
        while [[ -d /proc/$pid ]]; do sleep 0.02; done
    fi
    [[ -f $directory/mode ]] || return 0
    # It goes by itself, but some moments later.
    [[ $(cat "$directory/mode") != full ]] || ip link delete "$wire" 2>/dev/null || true
    remove_cgroup
    rm -rf --one-file-system "$directory"
}

status() {
    be_root
    printf '%-24s %s\n' kubeconfig "$directory/kubeconfig" kubectl "$bin/kubectl"
    printf '%-24s %s\n' helm "$([[ -x $bin/helm ]] && echo "$bin/helm" || echo 'not built yet: ./dev cluster tool helm')"
    running || { printf '%-24s %s\n' cluster "down"; return 1; }
    local part parts=(etcd kube-apiserver relay) found ok=0 ended
    mode=$(cat "$directory/mode")
    [[ $mode == api ]] || parts+=(kube-controller-manager)
    [[ $mode != full ]] ||
        parts+=(kube-scheduler containerd kubelet kube-proxy kube-router local-path-provisioner)
    for part in "${parts[@]}"; do
        found=$(pgrep --ns "$pid" --nslist pid -f "^([^ ]*/)?$part( |\$)" | head -1) || true
        ended=$(grep -c " $part ended" "$directory/log/restarts" 2>/dev/null) || true
        if [[ $found ]]; then found="running, process $found"; else found="ended" ok=1; fi
        ((ended == 0)) || found+=", started again $ended times"
        printf '%-24s %s\n' "$part" "$found"
    done
    found=$(kubectl get --raw /readyz 2>&1) || found="not ready: $(grep -oE '\[-\][^ ]+' <<<"$found" || tail -n 1 <<<"$found")" ok=1
    printf '%-24s %s\n' API "${found//$'\n'/, }"
    [[ $mode != full ]] || kubectl get nodes,deployments,storageclasses -A --no-headers 2>&1 | sed 's/^ *//'
    return $ok
}

service_account() { # NAMESPACE/NAME
    local token copy
    token=$(kubectl -n "${1%/*}" create token "${1#*/}" --duration=24h)
    copy=$(mktemp)
    sed '/^users:/,$d' "$directory/kubeconfig" | sed "s/user: admin/user: ${1#*/}, namespace: ${1%/*}/" >"$copy"
    printf 'users: [{name: %s, user: {token: %s}}]\n' "${1#*/}" "$token" >>"$copy"
    cat "$copy"
    rm "$copy"
}

main() {
    local verb=${1:-}
    arguments=("$@")
    shift || true
    parse "$@"
    mkdir -p "$cache"
    case $verb in up | down | load | tool)
        # One at a time. Until this program ends; what it starts does not hold it.
        exec 8>"$cache/lock"
        flock 8 ;;
    esac
    case $verb in
        up) up ;;
        down) down ;;
        status) status ;;
        load) load "${words[@]}" ;;
        gateway-api) definitions=$(gateway_definitions) && kubectl apply --server-side -f "$definitions" ;;
        kubeconfig) service_account "${words[@]}" ;;
        inside) be_root; running && inside "${words[@]}" ;;
        tool) build_binaries "${words[@]}"; echo "$bin/${words[0]}" ;;
        -h | --help | help | "") usage ;;
        *) echo "./dev cluster: there is no verb \"$verb\"" >&2; usage >&2; exit 2 ;;
    esac
}

main "$@"
