#!/usr/bin/env bash
# npm start: sets up, builds, and shows a container's whole way on a throw-away daemon.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
scripts/build.sh
exec node_modules/.bin/bun scripts/demo.ts "$@"
