# Real containers and simulated ones: the program, its command line and its API as users meet them.
set -uo pipefail
source tests/dev/install.sh
install_for engine && install_for e2e || exit 1
./dev build release || { count 0 1 0 e2e; exit 1; }
source tests/dev/base_image.sh
base_image || { count 0 1 0 e2e; exit 1; }
# They mostly wait for time to pass: side by side.
said=$(mktemp)
BERTH_TEST_ENGINE=container run_suite e2e-container tests/e2e/sessions.py >"$said" 2>&1 &
beside=$!
status=0
BERTH_TEST_ENGINE=sim run_suite e2e-sim tests/e2e/sessions.py || status=1
BERTH_TEST_ENGINE=sim run_suite e2e-forward-auth tests/e2e/forward_auth.py || status=1
run_suite e2e-sealed tests/e2e/sealed.py || status=1
programs=$(ls build/release/tests/e2e/*_test build/release/*_e2e 2>/dev/null)
[[ -z $programs ]] || run_gtests e2e-engine $programs || status=1
wait "$beside" || status=1
cat "$said"
rm -f "$said"
exit $status
