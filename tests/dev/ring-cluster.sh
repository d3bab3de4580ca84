# The end-to-end suite on Kubernetes: the cluster of ./dev cluster, or the one that BERTH_TEST_KUBECONFIG names.
set -uo pipefail
source tests/dev/install.sh
source tests/dev/base_image.sh
export BERTH_TEST_ENGINE=kubernetes
own=false
if [[ -z ${BERTH_TEST_KUBECONFIG:-} ]]; then
    ./dev cluster status >/dev/null 2>&1 || trap './dev cluster down' EXIT  # One that runs already goes on.
    ./dev cluster up
    case $? in
        0) own=true ;;
        77) count 0 0 1 cluster; exit 0 ;;
        *) count 0 1 0 cluster; exit 1 ;;
    esac
fi
install_for engine && install_for e2e && ./dev build release && base_image || { count 0 1 0 cluster; exit 1; }
if [[ $own == true ]]; then
    python3 tests/e2e/images.py terminal linked || { count 0 1 0 cluster; exit 1; }
    ./dev cluster load localhost/berth/terminal:1 localhost/berth/linked:1 || { count 0 1 0 cluster; exit 1; }
fi
failed=0
export KUBECONFIG=${BERTH_TEST_KUBECONFIG:-$PWD/.cache/cluster/run/kubeconfig} KUBECTL=${BERTH_TEST_KUBECTL:-$PWD/.cache/cluster/bin/kubectl}
run_suite cluster tests/e2e/sessions.py || failed=1
run_suite cluster-engine tests/e2e/cluster.py || failed=1
run_suite cluster-objects tests/cluster/objects_test.py || failed=1
BERTH_TEST_NODES=1 run_suite cluster-mirror tests/cluster/mirror_test.py || failed=1
install_for replicas && run_suite cluster-replicas tests/e2e/replicas_cluster.py || failed=1
exit $failed
