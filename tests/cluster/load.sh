# Gives images of the container engine to the cluster's node. Sourced by cluster.sh.

ctr() { inside ctr -n k8s.io "$@"; }

# An image that is there with the id it has here is left alone.
load() { # IMAGE...
    (($#)) || { echo "./dev cluster load: which images?" >&2; exit 2; }
    be_root
    running && [[ $(cat "$directory/mode") == full ]] ||
        { echo "./dev cluster load: no cluster with a node runs in $directory" >&2; exit 1; }
    local image id record
    for image in "$@"; do
        [[ $image == */*/*:* || $image == localhost/*:* ]] ||
            { echo "./dev cluster load: give \"$image\" by its full name, such as localhost/$image:latest" >&2; exit 2; }
        id=$(podman image inspect --format '{{.Id}}' "$image")
        record=$directory/loaded/${image//\//+}
        [[ $(cat "$record" 2>/dev/null) == "$id" && $(ctr images list -q "name==$image") ]] && continue
        say "loading $image"
        # What the name meant before goes first: where it only changes its meaning, containerd 1.6 sometimes writes the
        # old meaning back and drops the new image.
        ctr images remove --sync "$image" >/dev/null 2>&1 || true
        # Docker's format: it is not compressed, which halves the time, and names its images in full.
        podman save --quiet --format docker-archive "$image" | ctr images import - >/dev/null
        echo "$id" >"$record"
    done
}
