# The custom resources on a real API server, without nodes: what it takes and refuses, and how rows and resources follow
# each other.
set -uo pipefail
source tests/dev/install.sh
directory=$PWD/.cache/cluster/crds
./dev cluster up --api-only --directory "$directory" >/dev/null
case $? in
    0) ;;
    77) count 0 0 1 crds; exit 0 ;;
    *) count 0 1 0 crds; exit 1 ;;
esac
trap './dev cluster down --directory "$directory"' EXIT
./dev build release || { count 0 1 0 crds; exit 1; }
KUBECTL=$(dirname "$(./dev cluster tool kubernetes)")/kubectl
export KUBECTL KUBECONFIG=$directory/kubeconfig
run_suite crds tests/cluster/crds_test.py
status=$?
run_suite mirror tests/cluster/mirror_test.py || status=1
exit $status
