#!/usr/bin/env bash
# Makes this machine ready to build, run and test Gantry. Says nothing when there is nothing to do.
#   setup.sh          what Gantry needs, what its tests need, and the npm packages
#   setup.sh bench    the engines to compare with and hyperfine as well
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "setup: $*" >&2; }

# program (as a path or a name) → the Debian package that has it
needs=(crun:crun runc:runc nft:nftables ip:iproute2 tar:tar tini-static:tini nsenter:util-linux umount:mount ps:procps curl:curl git:git python3:python3
	openssl:openssl docker-registry:docker-registry zsh:zsh fish:fish)
[[ ${1:-} == bench ]] && needs+=(dockerd:docker.io iptables:iptables podman:podman hyperfine:hyperfine)

export PATH="$PATH:/usr/sbin:/sbin"
missing=()
for need in "${needs[@]}"; do
	command -v "${need%%:*}" >/dev/null || missing+=("${need#*:}")
done
# The docker client alone, where Debian has it as a package of its own (since 13).
if ! command -v docker >/dev/null; then
	# A new machine has no list of packages yet; without one the choice cannot be made.
	apt-cache show docker.io >/dev/null 2>&1 || apt-get update -qq >/dev/null 2>&1 || true
	if apt-cache show docker-cli >/dev/null 2>&1; then missing+=(docker-cli); else missing+=(docker.io); fi
fi
# Known by no program: the tests put busybox into images, which must be the static one, and use Docker's Python library.
for package in busybox-static python3-docker; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done

if ((${#missing[@]} > 0)); then
	((EUID == 0)) || { say "run as root, or install: ${missing[*]}"; exit 1; }
	say "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	# Services must not start by themselves: the tests start their own, in namespaces of their own.
	policy=/usr/sbin/policy-rc.d made_policy=no
	if [[ ! -e $policy ]]; then
		printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made_policy=yes
	fi
	log=$(mktemp)
	install() { apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$log" 2>&1; }
	failed=no
	install || { apt-get update -qq >>"$log" 2>&1 && install; } || failed=yes
	[[ $made_policy == yes ]] && rm -f "$policy"
	if [[ $failed == yes ]]; then
		cat "$log" >&2
		rm -f "$log"
		exit 1
	fi
	rm -f "$log"
fi

# crun refuses to start where a controller is bound to neither hierarchy it looks at.
if [[ -d /sys/fs/cgroup/unified && -d /sys/fs/cgroup/memory ]] && ! grep -qs ' /sys/fs/cgroup/hugetlb cgroup ' /proc/mounts &&
	grep -qs hugetlb /sys/fs/cgroup/unified/cgroup.controllers; then
	say 'mounting the hugetlb cgroup hierarchy, which crun needs on this hybrid host'
	mkdir -p /sys/fs/cgroup/hugetlb
	mount -t cgroup -o hugetlb cgroup /sys/fs/cgroup/hugetlb
fi

if [[ ! -x node_modules/.bin/bun || ! -e node_modules/.package-lock.json || package-lock.json -nt node_modules/.package-lock.json ]]; then
	say 'installing the npm packages'
	npm ci --no-audit --no-fund --loglevel=error >&2
	touch node_modules/.package-lock.json
fi
