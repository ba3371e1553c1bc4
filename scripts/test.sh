#!/usr/bin/env bash
# npm test: sets up, builds, then runs unit, boundary, contract and end-to-end tests.
#   test.sh [FILE-OR-FOLDER…]   only those
# The last line is `N passed, N failed`.
set -uo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh && scripts/build.sh || { echo '0 passed, 1 failed'; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# run TIMEOUT-MS PATHS…: one `bun test`, its results added up from its report.
run() {
	local timeout=$1 report="$work/report.xml" status tests failures skipped
	shift
	rm -f "$report"
	node_modules/.bin/bun test --timeout "$timeout" --reporter=junit --reporter-outfile="$report" "$@" 2>&1 | grep --line-buffered -v '^(pass)'
	status=${PIPESTATUS[0]}
	read -r tests failures skipped < <(sed -n 's/.*<testsuites[^>]* tests="\([0-9]*\)".* failures="\([0-9]*\)".* skipped="\([0-9]*\)".*/\1 \2 \3/p' "$report" 2>/dev/null | head -1)
	tests=${tests:-0} failures=${failures:-0} skipped=${skipped:-0}
	# A file that does not load, or a crash, is a failure that no test case tells of.
	((status != 0 && failures == 0)) && failures=1 tests=$((tests + 1))
	passed=$((passed + tests - failures - skipped))
	failed=$((failed + failures))
}

if (($# > 0)); then
	run 120000 "$@"
else
	run 30000 ./src ./test/boundaries.test.ts ./test/docs.test.ts
	for folder in contract compat e2e; do
		for file in test/$folder/*.test.ts; do
			[[ -e $file ]] || continue
			echo "== $file"
			run 120000 "./$file"
		done
	done
fi

echo "$passed passed, $failed failed"
((failed == 0))
