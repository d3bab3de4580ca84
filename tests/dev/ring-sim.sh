# The whole control plane in virtual time, seed after seed.
set -uo pipefail
source tests/dev/install.sh
./dev build release || { count 0 1 0 sim; exit 1; }
export BERTH_TEST_SEEDS=${BERTH_TEST_SEEDS:-1000}
run_gtests sim build/release/sim_world
