#!/usr/bin/env bash
# The cluster's machine: the first process in process, mount and network namespaces of its own, that starts the parts
# of Kubernetes and starts them again when they end. Whatever a part leaves behind in the kernel (processes, mounts,
# interfaces, firewall rules, address sets) is gone when this process is. Started by cluster.sh.
#   node.sh DIRECTORY full|api|controllers PORT CGROUP WIRE
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
directory=$1 mode=$2 port=$3 cgroup=$4 wire=$5
source tests/cluster/build.sh
source tests/cluster/certificates.sh
pki=/run/cluster/pki

# /proc is still the one of the outer world here, and tells this process's number there.
read -r outer_pid _ </proc/self/stat
echo "$outer_pid" >"$directory/pid"

# Paths as on any machine, but what is behind them is the cluster's: the directories below /run and /var that its
# parts write to. The mounts of container engines must not be held on to, lest they could not remove their containers.
make_mounts() {
    awk '$3 ~ /^(overlay|nsfs|fuse)/ {print $2}' /proc/mounts | tac | xargs -rd '\n' -n 1 umount -l
    mount --make-rshared /
    mount -t proc proc /proc
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir /run/cluster /run/config /run/lock
    mount --bind "$directory" /run/cluster
    mount --bind tests/cluster/config /run/config
    mount --bind "$directory/lib" /var/lib
    mount --bind "$directory/log" /var/log
}

# The kubelet sets these for the whole machine where they differ; here it finds them as it wants them.
settle_sysctls() {
    local name value
    mkdir /run/sysctl
    while read -r name value; do
        echo "$value" >"/run/sysctl/${name//\//-}"
        mount --bind "/run/sysctl/${name//\//-}" "/proc/sys/$name"
    done <<-END
	vm/overcommit_memory 1
	vm/panic_on_oom 0
	kernel/panic 10
	kernel/panic_on_oops 1
	kernel/keys/root_maxkeys 1000000
	kernel/keys/root_maxbytes 25000000
	END
}

# A network with no way out: loopback, and for a whole cluster a wire to the outer machine, which reaches pods and
# services over it. At 203.0.113.1 the outer machine stands for the internet.
make_network() {
    ip netns add node
    ip -n node link set lo up
    if [[ $mode == full ]]; then
        ip link add "$wire" type veth peer name eth0 netns node
        ip address add "$host_address/24" dev "$wire"
        ip address add 203.0.113.1/32 dev "$wire"
        ip link set "$wire" up
        ip -n node address add "$node_address/24" dev eth0
        ip -n node link set eth0 up
        ip -n node route add 203.0.113.0/24 via "$host_address"
        ip route add 198.18.0.0/15 via "$node_address"
    else
        ip -n node address add "$node_address/32" dev lo
    fi
}

inside() { nsenter --net=/run/netns/node "$@"; }

# Runs a part for as long as the cluster lives.
keep() { # NAME COMMAND...
    local name=$1
    shift
    while :; do
        "$@"
        echo "$(date +%T) $name ended with $?" >>/var/log/restarts
        sleep 1
    done >>"/var/log/$name.log" 2>&1 &
}

keep_inside() { local name=$1; shift; keep "$name" inside "$@"; }

api_answers() { inside "$bin/kubectl" --kubeconfig "$pki/admin.kubeconfig" get --raw /readyz >/dev/null 2>&1; }

start_api() {
    keep_inside etcd "$bin/etcd" --data-dir=/var/lib/etcd --unsafe-no-fsync --log-level=warn \
        --listen-client-urls=http://127.0.0.1:2379 --advertise-client-urls=http://127.0.0.1:2379 \
        --listen-peer-urls=http://127.0.0.1:2380 --initial-advertise-peer-urls=http://127.0.0.1:2380 \
        --initial-cluster=default=http://127.0.0.1:2380
    local audit=()
    [[ ! -f /run/cluster/audit.yaml ]] || audit=(--audit-policy-file=/run/cluster/audit.yaml --audit-log-path=/var/log/audit.log)
    keep_inside kube-apiserver "$bin/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 \
        --bind-address=0.0.0.0 --advertise-address="$node_address" --service-cluster-ip-range=198.19.0.0/16 \
        --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
        --client-ca-file="$pki/ca.crt" --tls-cert-file="$pki/kube-apiserver.crt" --tls-private-key-file="$pki/kube-apiserver.key" \
        --kubelet-preferred-address-types=InternalIP --kubelet-certificate-authority="$pki/ca.crt" \
        --kubelet-client-certificate="$pki/kubelet-client.crt" --kubelet-client-key="$pki/kubelet-client.key" \
        --service-account-issuer=https://kubernetes.default.svc.cluster.local \
        --service-account-key-file="$pki/service-accounts.pub" --service-account-signing-key-file="$pki/service-accounts.key" \
        "${audit[@]}"
    # Outside: it listens on the outer machine's loopback.
    keep relay "$bin/relay" "127.0.0.1:$port" /run/netns/node 127.0.0.1:6443
}

start_controllers() {
    keep_inside kube-controller-manager "$bin/kube-controller-manager" --kubeconfig="$pki/kube-controller-manager.kubeconfig" \
        --leader-elect=false --use-service-account-credentials --root-ca-file="$pki/ca.crt" \
        --service-account-private-key-file="$pki/service-accounts.key" \
        --cluster-signing-cert-file="$pki/ca.crt" --cluster-signing-key-file="$pki/ca.key" \
        --allocate-node-cidrs --cluster-cidr=198.18.0.0/16 --service-cluster-ip-range=198.19.0.0/16
}

start_containerd() {
    keep_inside containerd containerd --config /run/config/containerd.toml
    until ctr version >/dev/null 2>&1; do sleep 0.1; done
    local image
    for image in "${own_images[@]}"; do
        ctr -n k8s.io images import --index-name "localhost/berth/$image:cluster" "$cache/images/$image.tar"
    done >>/var/log/images.log 2>&1
}

start_node() {
    keep_inside kube-scheduler "$bin/kube-scheduler" --kubeconfig="$pki/kube-scheduler.kubeconfig" --leader-elect=false
    keep_inside kubelet "$bin/kubelet" --kubeconfig="$pki/kubelet.kubeconfig" --config=/run/config/kubelet.yaml \
        --hostname-override=node --node-ip="$node_address" --cgroup-root="/$cgroup"
    keep_inside kube-proxy "$bin/kube-proxy" --kubeconfig="$pki/kube-proxy.kubeconfig" --hostname-override=node \
        --proxy-mode=iptables --cluster-cidr=198.18.0.0/16 --conntrack-max-per-core=0
    inside "$bin/kubectl" --kubeconfig "$pki/admin.kubeconfig" apply -f tests/cluster/manifests >>/var/log/manifests.log 2>&1
    keep_inside local-path-provisioner "$bin/local-path-provisioner" start --kubeconfig "$pki/admin.kubeconfig" \
        --namespace kube-system --configmap-name local-path-config \
        --helper-image localhost/berth/busybox:cluster --provisioner-name rancher.io/local-path
    # It asks for the node's share of the pod addresses once and gives up where there is none yet.
    until [[ $(inside "$bin/kubectl" --kubeconfig "$pki/admin.kubeconfig" get node node -o 'jsonpath={.spec.podCIDR}' 2>/dev/null) ]]; do
        sleep 0.3
    done
    keep_inside kube-router "$bin/kube-router" --kubeconfig "$pki/admin.kubeconfig" --hostname-override=node \
        --run-router=false --run-service-proxy=false --run-firewall=true --run-loadbalancer=false
}

main() {
    make_mounts
    settle_sysctls
    make_network
    start_api
    [[ $mode != full ]] || start_containerd
    until api_answers; do sleep 0.2; done
    [[ $mode == api ]] || start_controllers
    [[ $mode != full ]] || start_node
    # Also buries the processes whose parents have ended.
    wait
}

# In one line that has been read: this file may change while the cluster lives.
main; exit
