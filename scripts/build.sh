#!/usr/bin/env bash
# Compiles src/main.ts into dist/gantry: one executable, a chunk per role.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(node -p 'require("./package.json").version')
commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
mkdir -p dist
# Built under another name and renamed: a daemon may be running the old file.
node_modules/.bin/bun build --compile --bytecode --format=esm --minify --splitting --sourcemap=none \
	--define "GANTRY_VERSION=\"$version\"" --define "GANTRY_COMMIT=\"$commit\"" \
	--define "GANTRY_BUILT=\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"" \
	--outfile "dist/gantry.$$" src/main.ts >"dist/build.log" 2>&1 || { cat dist/build.log >&2; rm -f "dist/gantry.$$"; exit 1; }
mv "dist/gantry.$$" dist/gantry
