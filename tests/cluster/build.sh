# The binaries and images of the cluster, made from Go modules and Debian packages. Sourced by cluster.sh.
# Each is made when it is first needed and again when its sources change.

here=$PWD/tests/cluster
cache=$(realpath -m .cache/cluster)
bin=$cache/bin

kubernetes_parts=(kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl etcd)

# The folder of sources and the package of a binary.
source_of() {
    case $1 in
        kubernetes) echo kubernetes . ;;
        relay | pause) echo kubernetes "./$1" ;;
        helm) echo tools helm.sh/helm/v4/cmd/helm ;;
        kwok) echo tools sigs.k8s.io/kwok/cmd/kwok ;;
        coredns) echo tools github.com/coredns/coredns ;;
        local-path-provisioner) echo tools github.com/rancher/local-path-provisioner ;;
        kube-router) echo tools github.com/cloudnativelabs/kube-router/v2/cmd/kube-router ;;
        *) echo "./dev cluster: there is no binary \"$1\"" >&2; return 2 ;;
    esac
}

# The folder of the Gateway API's definitions, which come as files of a Go module.
gateway_definitions() {
    local version=v1.6.3 source folder
    folder=$cache/gateway-api-$version
    if [[ ! -d $folder ]]; then
        need_go
        source=$(go mod download -json "sigs.k8s.io/gateway-api@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
        cp -r --no-preserve=mode "${source:?}/config/crd/standard" "$folder.new"
        mv "$folder.new" "$folder"
    fi
    echo "$folder"
}

sum_of() { find "$@" -type f | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum | cut -c -64; }

need_go() {
    command -v go >/dev/null && return
    echo "./dev cluster: skipped, Kubernetes is built from source and there is no Go (1.26, or 1.21 that may fetch it)" >&2
    exit 77
}

# Builds the named binaries into .cache/cluster/bin. Ends the program with 77 (skipped) where there is no Go.
build_binaries() {
    local name folder package sum
    mkdir -p "$bin"
    for name in "$@"; do
        read -r folder package < <(source_of "$name") && [[ $folder ]] || exit 2
        sum=$(sum_of "$here/$folder")
        [[ -x $bin/$name && $(cat "$bin/$name.sum" 2>/dev/null) == "$sum" ]] && continue
        need_go
        say "building $name$([[ $name == kubernetes ]] && echo ' (once, about 5 minutes)')"
        # Without C, so that a binary also runs in an image that holds nothing else. The version is what clients are told.
        (cd "$here/$folder" && CGO_ENABLED=0 nice -n 5 go build -trimpath -o "$bin/$name.new" -ldflags "-s -w
            -X k8s.io/component-base/version.gitVersion=v1.36.3
            -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36" "$package")
        [[ $name != kwok ]] || kwok_stages >"$bin/kwok.yaml"
        mv "$bin/$name.new" "$bin/$name"
        echo "$sum" >"$bin/$name.sum"
    done
    for name in "${kubernetes_parts[@]}"; do ln -sf kubernetes "$bin/$name"; done
}

# What kwok needs as its --config: how pretended nodes and pods get ready at once, and end.
kwok_stages() {
    local source file
    source=$(cd "$here/tools" && go list -m -f '{{.Dir}}' sigs.k8s.io/kwok)/kustomize/stage
    for file in "$source"/{node/fast,node/heartbeat-with-lease,pod/fast}/{node,pod}-*.yaml; do
        [[ ! -f $file ]] || { echo ---; cat "$file"; }
    done
}

# Packs a folder as an image with one layer, in the archive format of the Open Container Initiative.
pack_image() { # FOLDER ARCHIVE ENTRYPOINT...
    local folder=$1 archive=$2 work layer config manifest
    shift 2
    work=$(mktemp -d)
    mkdir -p "$work/blobs/sha256"
    blob() { local sum; sum=$(sha256sum <"$1" | cut -c -64); mv "$1" "$work/blobs/sha256/$sum"; echo "$sum"; }
    size() { stat -c %s "$work/blobs/sha256/$1"; }
    tar -C "$folder" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$work/new" .
    layer=$(blob "$work/new")
    printf '{"architecture":"%s","os":"linux","config":{"Env":["PATH=/bin"],"Entrypoint":["%s"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
        "$(dpkg --print-architecture)" "$*" "$layer" >"$work/new"
    config=$(blob "$work/new")
    printf '{"schemaVersion":2,"config":{"mediaType":"%s.config.v1+json","digest":"sha256:%s","size":%d},"layers":[{"mediaType":"%s.layer.v1.tar","digest":"sha256:%s","size":%d}]}' \
        application/vnd.oci.image "$config" "$(size "$config")" application/vnd.oci.image "$layer" "$(size "$layer")" >"$work/new"
    manifest=$(blob "$work/new")
    echo '{"imageLayoutVersion":"1.0.0"}' >"$work/oci-layout"
    printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%d}]}' \
        "$manifest" "$(size "$manifest")" >"$work/index.json"
    tar -C "$work" -cf "$archive" oci-layout index.json blobs
    rm -rf "$work"
}

# The images that the node itself needs: pause (every pod's first process), coredns, and busybox, a shell for the pods
# that make and remove volumes and for tests. An image NAME is called localhost/berth/NAME:cluster.
own_images=(pause coredns busybox)

build_images() {
    local image root sum tool
    mkdir -p "$cache/images"
    for image in "${own_images[@]}"; do
        root=$(mktemp -d)
        chmod 755 "$root"
        mkdir "$root/bin"
        mkdir -m 1777 "$root/tmp"
        if [[ $image == busybox ]]; then
            cp /bin/busybox "$root/bin/"
            for tool in $(/bin/busybox --list | grep -vx busybox); do ln -sf busybox "$root/bin/$tool"; done
        else
            cp "$bin/$image" "$root/bin/"
        fi
        sum=$(sha256sum "$root/bin/$image" "$here/build.sh" | sha256sum)
        if [[ $(cat "$cache/images/$image.sum" 2>/dev/null) != "$sum" ]]; then
            pack_image "$root" "$cache/images/$image.tar" "/bin/$image"
            echo "$sum" >"$cache/images/$image.sum"
        fi
        rm -rf "$root"
    done
}
