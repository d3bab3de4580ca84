# Several Berths on one private PostgreSQL.
set -uo pipefail
source tests/dev/install.sh
install_for e2e && install_for replicas || exit 1
./dev build release || { count 0 1 0 replicas; exit 1; }
run_suite replicas tests/e2e/replicas.py
status=$?
# The whole end-to-end suite once on a server instead of a file.
BERTH_TEST_ENGINE=sim BERTH_TEST_DATABASE=postgres run_suite e2e-sim-postgres tests/e2e/sessions.py || status=1
exit $status
