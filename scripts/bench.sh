#!/usr/bin/env bash
# npm run bench [-- --quick] [-- --only NAME]: Gantry beside dockerd and podman.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh bench
scripts/build.sh
exec node_modules/.bin/bun bench/main.ts "$@"
