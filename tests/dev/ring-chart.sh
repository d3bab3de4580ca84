# The Helm chart: against helm, an API server, Prometheus' own checker, and a cluster with nodes.
set -uo pipefail
source tests/dev/install.sh
skip() { echo "chart: $1"; count 0 0 1 chart; exit 0; }
install_for chart || exit 1
tool() { ./dev cluster tool "$1"; }
BERTH_TEST_HELM=$(tool helm) && BERTH_TEST_KUBECTL=$(tool kubernetes) || skip "no Go, so neither helm nor an API server can be built"
BERTH_TEST_KUBECTL=$(dirname "$BERTH_TEST_KUBECTL")/kubectl
export BERTH_TEST_HELM BERTH_TEST_KUBECTL
./dev build release || { count 0 1 0 chart; exit 1; }
./dev image || { count 0 1 0 chart; exit 1; }
cache=$PWD/.cache/chart
mkdir -p "$cache"

# The oldest Helm that the chart promises to work with.
[[ -x $cache/helm ]] || GOBIN=$cache CGO_ENABLED=0 go install helm.sh/helm/v3/cmd/helm@v3.14.4
export BERTH_TEST_HELM_OLDEST=$cache/helm

# Debian's promtool, without the service that its package starts.
if [[ ! -x $cache/prometheus/usr/bin/promtool ]]; then
    (cd "$cache" && apt-get download -qq prometheus && dpkg -x prometheus_*.deb prometheus) >"$cache/promtool.log" 2>&1 || cat "$cache/promtool.log"
fi
[[ ! -x $cache/prometheus/usr/bin/promtool ]] || export BERTH_TEST_PROMTOOL=$cache/prometheus/usr/bin/promtool

tests() { python3 -m unittest discover -s tests/chart -p "$1" 2>&1 | tee -a "$out"; }
out=$(mktemp)

server=$PWD/.cache/cluster/chart
./dev cluster up --api-only --directory "$server" >/dev/null || { count 0 1 0 chart; exit 1; }
trap './dev cluster down --directory "$server"' EXIT
export KUBECONFIG=$server/kubeconfig
./dev cluster gateway-api --directory "$server" >/dev/null
operator=$(go mod download -json github.com/prometheus-operator/prometheus-operator@v0.85.0 | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
for kind in servicemonitors prometheusrules; do
    "$BERTH_TEST_KUBECTL" apply --server-side -f "$operator/example/prometheus-operator-crd/monitoring.coreos.com_$kind.yaml" >/dev/null
done
tests '[!c]*_test.py'
BERTH_TEST_KUBECONFIG=$KUBECONFIG run_gtests chart-routes build/release/tests/e2e/e2e_routes_test || routes_failed=1

# A cluster of somebody's that BERTH_TEST_KUBECONFIG names has the images already; otherwise one is started, if none runs.
if [[ ${BERTH_TEST_KUBECONFIG:-} ]]; then
    KUBECONFIG=$BERTH_TEST_KUBECONFIG tests 'cluster*_test.py'
else
    ./dev cluster status >/dev/null 2>&1 || { ./dev cluster up >/dev/null && trap './dev cluster down; ./dev cluster down --directory "$server"' EXIT; }
    version=$(build/release/berth openapi | sed -n 's/^ *"version": "\(.*\)",\?$/\1/p' | head -1)
    ./dev cluster load "localhost/berth/berth:$version" localhost/berth/terminal:1 localhost/berth/linked:1
    KUBECONFIG=$PWD/.cache/cluster/run/kubeconfig tests 'cluster*_test.py'
fi

sum() { sed -n "$1" "$out" | awk '{n += $1} END {print n + 0}'; }
ran=$(sum 's/^Ran \([0-9]*\) tests\?.*/\1/p')
failed=$(sed -n 's/^FAILED (\(.*\))$/\1/p' "$out" | tr ',' '\n' | sed -n 's/ *\(failures\|errors\)=//p' | awk '{n += $1} END {print n + 0}')
skipped=$(sum 's/.*skipped=\([0-9]*\).*/\1/p')
((ran)) || failed=1
rm -f "$out"
count $((ran - failed - skipped)) "$failed" "$skipped" chart
exit $((failed > 0 || ${routes_failed:-0}))
