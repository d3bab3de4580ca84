#!/usr/bin/env bash
# Measures Berth beside its peers and writes docs/benchmarks.md: `./dev bench [ROW...]`: gateway,
# tunnel, launch, creates, postgres, start, pods, many, at-once, leader, quotas, or the group kubernetes.
# Rows that are not named keep the figures of their last run.
set -euo pipefail
cd "$(dirname "$0")/.."

chp_version=5.3.0
chp=.cache/bench/chp-$chp_version
if [[ ! -d $chp/node_modules/configurable-http-proxy ]]; then
    npm install --silent --no-audit --no-fund --prefix "$chp" "configurable-http-proxy@$chp_version"
fi

export CONTAINERS_CONF=${CONTAINERS_CONF:-$PWD/bench/containers.conf}
exec python3 bench/report.py --chp "$chp/node_modules/configurable-http-proxy" "$@"
