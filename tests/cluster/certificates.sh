# The cluster's authority, its certificates and kubeconfigs, below DIRECTORY/pki. Sourced by cluster.sh.

# The addresses of the node, of the outer machine as the node sees it, and of the service that is the API server.
# Documentation and benchmark ranges: nothing real is ever meant by them.
node_address=198.51.100.2
host_address=198.51.100.1
api_service_address=198.19.0.1

new_key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null; }

certificate() { # NAME SUBJECT [ALTERNATIVE NAMES]
    new_key >"$1.key"
    openssl req -new -x509 -CA ca.crt -CAkey ca.key -key "$1.key" -subj "$2" -days 365 -out "$1.crt" \
        -addext basicConstraints=CA:false -addext keyUsage=digitalSignature \
        -addext extendedKeyUsage="${3:+serverAuth,}clientAuth" ${3:+-addext subjectAltName="$3"}
}

# A kubeconfig for the holder of a certificate.
kubeconfig() { # NAME SERVER
    cat <<YAML
apiVersion: v1
kind: Config
current-context: berth-cluster
contexts: [{name: berth-cluster, context: {cluster: berth-cluster, user: $1}}]
clusters:
- name: berth-cluster
  cluster:
    server: $2
    certificate-authority-data: $(base64 -w 0 ca.crt)
users:
- name: $1
  user:
    client-certificate-data: $(base64 -w 0 "$1.crt")
    client-key-data: $(base64 -w 0 "$1.key")
YAML
}

make_certificates() ( # DIRECTORY PORT
    umask 077
    mkdir -p "$1/pki"
    cd "$1/pki"
    new_key >ca.key
    openssl req -new -x509 -key ca.key -subj /CN=berth-cluster -days 365 -out ca.crt -addext keyUsage=critical,keyCertSign,cRLSign
    new_key >service-accounts.key
    openssl pkey -in service-accounts.key -pubout -out service-accounts.pub

    certificate kube-apiserver /CN=kube-apiserver "$(printf 'IP:%s,' 127.0.0.1 $node_address $api_service_address
        printf 'DNS:%s,' kubernetes kubernetes.default kubernetes.default.svc kubernetes.default.svc.cluster.local)DNS:localhost"
    certificate kubelet-server /CN=node "IP:$node_address,DNS:node"
    certificate kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client
    certificate kubelet /O=system:nodes/CN=system:node:node
    local part
    for part in kube-controller-manager kube-scheduler kube-proxy; do certificate $part "/CN=system:$part"; done
    certificate admin /O=system:masters/CN=admin

    for part in kubelet kube-controller-manager kube-scheduler kube-proxy admin; do
        kubeconfig $part https://127.0.0.1:6443 >$part.kubeconfig
    done
    kubeconfig admin "https://127.0.0.1:$2" >../kubeconfig
)
