#!/usr/bin/env bash
# npm run test:vm [-- FILE…]: end-to-end tests in a virtual machine with Debian's kernel and cgroup v2 alone, for hosts that
# have v1. Emulated in software, so that it needs nothing of the host but time (about ten times that of a plain run).
# The machine is made once, in dist/vm, and anew when its scripts change.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests=("$@")
((${#tests[@]} > 0)) || tests=(test/e2e/run.test.ts test/e2e/run-options.test.ts test/e2e/controls.test.ts test/e2e/lifecycle.test.ts)
scripts/setup.sh && scripts/build.sh
scripts/vm/make.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/disk/tree
mkdir -p "$tree/node_modules/.bin" "$tree/dist" "$work/disk/tmp"
git ls-files -z | xargs -0 tar c | tar x -C "$tree"
cp dist/gantry "$tree/dist/"
cp "$(readlink -f node_modules/.bin/bun)" "$tree/node_modules/.bin/bun"
printf '%s\n' "${tests[@]}" >"$work/disk/tests"
truncate -s 6G "$work/disk.img" && mkfs.ext4 -q -F -d "$work/disk" "$work/disk.img"
cp --sparse=always dist/vm/root.img "$work/root.img"

timeout "${VM_SECONDS:-3000}" qemu-system-x86_64 -machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m 4096 -nographic -no-reboot \
	-kernel dist/vm/vmlinuz -initrd dist/vm/initrd.gz -append 'console=ttyS0 quiet panic=-1' \
	-drive "file=$work/root.img,format=raw,if=virtio,cache=unsafe" -drive "file=$work/disk.img,format=raw,if=virtio,cache=unsafe" \
	</dev/null 2>&1 | tr -d '\r' | sed -u -n '/^== /,$p' | tee "$work/output"
# The last line of all is the machine's verdict; without it, the machine did not come to its end.
grep -q '^vm: 0 files failed$' "$work/output"
