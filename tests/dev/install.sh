# What the project needs from the system, by purpose. Sourced by ./dev and the test rings.
# Debian 12 and 13, Ubuntu 24.04.

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }

# The Boost that has JSON and URL as separate packages, newest first that this system offers.
boost_version() {
    local version
    for version in 1.81 1.83 1.88; do
        apt-cache show "libboost$version-dev" >/dev/null 2>&1 && { echo "$version"; return; }
    done
    echo "./dev: no Boost 1.81 or newer among this system's packages" >&2
    exit 1
}

packages_for() {
    local boost
    case $1 in
        build)
            boost=$(boost_version) || return 1
            echo clang-19 clang-format-19 clang-tidy-19 lld-19 libclang-rt-19-dev llvm-19 ccache cmake ninja-build pkg-config \
                git python3 "libboost$boost-dev" "libboost-json$boost-dev" "libboost-url$boost-dev" libsoci-dev libsqlite3-dev libpq-dev \
                libspdlog-dev libcli11-dev libyaml-cpp-dev libsodium-dev prometheus-cpp-dev libssl-dev libgtest-dev \
                libgmock-dev ca-certificates ;;
        ui) echo npm nodejs ;;
        database) echo postgresql ;;
        replicas) echo postgresql faketime ;;
        engine) echo podman runc netavark aardvark-dns iptables nftables iproute2 uidmap slirp4netns ;;
        base) echo mmdebstrap ;;
        browser) echo chromium nodejs npm ;;
        e2e) echo curl jq iproute2 procps util-linux nginx-light haproxy ;;
        chart) echo podman python3-yaml curl ;;
        # Another packager's containerd (Docker's) serves as well, and Debian's would push it out.
        cluster)
            command -v containerd >/dev/null || echo containerd
            command -v runc >/dev/null || echo runc
            echo containernetworking-plugins ipset conntrack iptables busybox-static iproute2 procps util-linux openssl ;;
        bench) echo nginx-light haproxy wrk curl jq libbenchmark-dev postgresql postgresql-client ;;
    esac
}

reason_for() {
    case $1 in
        build) echo "compiler, build tools and libraries" ;;
        ui) echo "the web UI is built with them" ;;
        database) echo "tests of the store start a private server" ;;
        replicas) echo "several Berths share a private server, with clocks that differ" ;;
        engine) echo "sessions run in containers" ;;
        base) echo "makes a Debian base image where none can be pulled" ;;
        browser) echo "tests drive a real browser" ;;
        e2e) echo "end-to-end tests" ;;
        chart) echo "tests render and read the Helm chart" ;;
        bench) echo "peers and tools of the benchmarks" ;;
        cluster) echo "tests run a whole Kubernetes" ;;
    esac
}

as_root() { if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi; }

# Installs the packages of one purpose that are missing; says what and why. Quick when nothing is.
install_for() {
    local purpose=$1 package missing=() wanted
    local stamp=.cache/installed-$purpose
    [[ -f $stamp && $stamp -nt tests/dev/install.sh && $stamp -nt /var/lib/dpkg/status ]] && return
    [[ $(apt-cache pkgnames libboost 2>/dev/null | head -c 1) ]] || as_root apt-get update -qq
    wanted=$(packages_for "$purpose") || exit 1
    for package in $wanted; do
        [[ $package == nodejs || $package == npm ]] && command -v "${package/nodejs/node}" >/dev/null && continue
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    if ((${#missing[@]})); then
        say "installing ${missing[*]} ($(reason_for "$purpose"))"
        as_root apt-get update -qq
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    fi
    [[ $purpose == ui || $purpose == browser ]] && newer_node
    mkdir -p .cache && touch "$stamp"
}

# Vite needs Node 20.19 or newer; Debian 12 has 18. The npm package `node` brings one, below .cache only.
newer_node() {
    node_is_new && return
    say "getting Node 24 for the UI build (this system's $(node --version) is too old)"
    npm install --silent --no-audit --no-fund --prefix .cache/node node@24
    node_is_new
}

node_is_new() {
    [[ -d .cache/node/node_modules/node/bin ]] && PATH=$PWD/.cache/node/node_modules/node/bin:$PATH
    export PATH
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'
}

# Adds a ring's counts to the sum of `./dev test`.
count() { echo "$1 $2 $3" >>"${BERTH_TEST_RESULTS:-/dev/null}"; printf '%s: %d passed, %d failed, %d skipped\n' "${4:-ring}" "$1" "$2" "$3"; }

# Runs GoogleTest programs and adds up what they say. A program that ends without a result counts as failed.
run_gtests() {
    local ring=$1 program out passed=0 failed=0 skipped=0 p f s
    shift
    for program in "$@"; do
        out=$(mktemp)
        f=0
        # A program that dies after its last test, of a sanitizer for instance, has failed too.
        "$program" --gtest_brief=1 --gtest_color=no >"$out" 2>&1 ||
            { f=$(grep -c '^\[  FAILED  \] .*(.* ms)' "$out" || true); ((f)) || f=1; }
        p=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$out" | tail -1)
        s=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) test.*/\1/p' "$out" | tail -1)
        if [[ -z $p ]]; then f=$((f ? f : 1)); fi
        ((f == 0)) || { echo "--- $program"; cat "$out"; }
        printf '%-24s %4d passed, %d failed, %d skipped\n' "$(basename "$program")" "${p:-0}" "$f" "${s:-0}"
        passed=$((passed + ${p:-0})) failed=$((failed + f)) skipped=$((skipped + ${s:-0}))
        rm -f "$out"
    done
    count $passed $failed $skipped "$ring"
    ((failed == 0))
}

# Runs a unittest program and counts what it says.
run_suite() {
    local ring=$1 program=$2 out ran failed skipped
    out=$(mktemp)
    python3 "$program" 2>&1 | tee "$out"
    ran=$(sed -n 's/^Ran \([0-9]*\) tests\?.*/\1/p' "$out")
    failed=$(($(sed -n 's/^FAILED (\(.*\))$/\1/p' "$out" | tr ',' '\n' | sed -n 's/ *\(failures\|errors\)=//p' | paste -sd+ | sed 's/^$/0/')))
    skipped=$(sed -n 's/.*skipped=\([0-9]*\).*/\1/p' "$out")
    [[ -n $ran ]] || { ran=0 failed=1; }
    grep -q '^OK' "$out" || ((failed)) || failed=1
    rm -f "$out"
    count $((ran - failed - ${skipped:-0})) "$failed" "${skipped:-0}" "$ring"
    ((failed == 0))
}
