# The web interface in real Chromium, with all five starter templates.
set -uo pipefail
source tests/dev/install.sh
source tests/dev/base_image.sh
install_for engine && install_for browser || exit 1
./dev build release || { count 0 1 0 browser; exit 1; }
base_image || { count 0 1 0 browser; exit 1; }
(cd tests/browser && npm install --no-save --silent --no-audit --no-fund) || { count 0 1 0 browser; exit 1; }
out=$(mktemp)
node tests/browser/run.mjs 2>&1 | tee "$out"
passed=$(sed -n 's/^browser: \([0-9]*\) passed.*/\1/p' "$out")
failed=$(sed -n 's/^browser: .* \([0-9]*\) failed.*/\1/p' "$out")
rm -f "$out"
[[ -n $passed ]] || { passed=0 failed=1; }
count "$passed" "$failed" 0 browser
((failed == 0))
