# What the starter images are built on: Debian from its registry, or made from packages where that is out of reach.
base_image() {
    podman image exists localhost/berth/base 2>/dev/null && return
    podman image exists docker.io/library/debian:bookworm-slim 2>/dev/null && return
    say "getting the base of the starter images"
    timeout 120 podman pull --quiet docker.io/library/debian:bookworm-slim >/dev/null 2>&1 && return
    say "debian:bookworm-slim cannot be pulled here; making the base from Debian packages"
    install_for base
    images/base/make
}
