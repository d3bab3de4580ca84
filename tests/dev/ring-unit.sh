# Every *_test.cpp beside the code, and the UI's own tests.
set -uo pipefail
source tests/dev/install.sh
./dev build release || { count 0 1 0 unit; exit 1; }
# Where it cannot be had, the tests that want it say so and count as skipped.
(install_for database) || say "PostgreSQL cannot be installed"
ok=0
run_gtests unit build/release/*_test || ok=1
if [[ -f ui/package.json ]]; then
    install_for ui
    out=$(cd ui && [[ -d node_modules ]] || npm install --no-save --no-audit --no-fund --loglevel=error; cd ui 2>/dev/null; npm test --silent 2>&1) || { echo "$out"; ok=1; }
    passed=$(sed 's/\x1b\[[0-9;]*m//g' <<<"$out" | sed -n 's/^ *Tests .* \([0-9]*\) passed.*/\1/p' | tail -1)
    failed=$(sed 's/\x1b\[[0-9;]*m//g' <<<"$out" | sed -n 's/^ *Tests  *\([0-9]*\) failed.*/\1/p' | tail -1)
    [[ -n $passed || -n $failed ]] || { echo "$out"; failed=1; }
    count "${passed:-0}" "${failed:-0}" 0 ui
fi
exit $ok
