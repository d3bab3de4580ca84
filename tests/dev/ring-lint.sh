# The rules of the source that a tool can check.
set -uo pipefail
source tests/dev/install.sh
install_for build
python3 tests/lint.py && python3 tests/e2e/cases.py
result=$?
if ((result == 0)); then count 1 0 0 lint; else count 0 1 0 lint; fi
exit $result
