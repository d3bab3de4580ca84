# Real containers: the program, its command line and its API as users meet them.
set -uo pipefail
source tests/dev/install.sh
install_for engine && install_for e2e || exit 1
./dev build release || { count 0 1 0 e2e; exit 1; }
source tests/dev/base_image.sh
base_image || { count 0 1 0 e2e; exit 1; }
out=$(mktemp)
python3 tests/e2e/sessions.py 2>&1 | tee "$out"
ran=$(sed -n 's/^Ran \([0-9]*\) tests\?.*/\1/p' "$out")
failed=$(($(sed -n 's/^FAILED (\(.*\))$/\1/p' "$out" | tr ',' '\n' | sed -n 's/ *\(failures\|errors\)=//p' | paste -sd+ | sed 's/^$/0/')))
skipped=$(sed -n 's/.*skipped=\([0-9]*\).*/\1/p' "$out")
[[ -n $ran ]] || { ran=0 failed=1; }
grep -q '^OK' "$out" || ((failed)) || failed=1
rm -f "$out"
programs=$(ls build/release/tests/e2e/*_test build/release/*_e2e 2>/dev/null)
count $((ran - failed)) "$failed" "${skipped:-0}" e2e
status=$((failed > 0))
[[ -z $programs ]] || run_gtests e2e-engine $programs || status=1
exit $status
