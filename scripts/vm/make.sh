#!/usr/bin/env bash
# Makes the virtual machine of `npm run test:vm`: Debian's kernel, a small root file system with what Gantry and its tests
# need, and an initial RAM disk that finds it. Everything comes from Debian's packages.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PATH:/usr/sbin:/sbin" DEBIAN_FRONTEND=noninteractive
folder=$PWD/dist/vm
[[ $folder/done -nt scripts/vm/make.sh && $folder/done -nt scripts/vm/init && $folder/done -nt scripts/vm/ram-init ]] && exit 0

say() { echo "vm: $*" >&2; }
say 'installing qemu and debootstrap'
apt-get install -y -qq --no-install-recommends qemu-system-x86 debootstrap e2fsprogs kmod >/dev/null

rm -rf "$folder"
mkdir -p "$folder/ram/bin" "$folder/ram/modules"
packages=$(apt-get indextargets --format '$(SITE) $(CODENAME) $(CREATED_BY)' | awk '$3 == "Packages" {print $1, $2; exit}')
read -r site codename <<<"$packages"
kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: linux-image-//p' | head -1)
say "making a root file system of $codename with kernel $kernel"
(cd "$folder" && apt-get -o APT::Sandbox::User=root download -qq "linux-image-$kernel" && dpkg -x linux-image-*.deb kernel && rm -- *.deb)
root=$folder/root
debootstrap --variant=minbase --include=crun,runc,nftables,iproute2,procps,util-linux,mount,kmod,busybox-static,curl,tini,python3,openssl,docker-registry,xz-utils,bzip2 \
	"$codename" "$root" "$site" >"$folder/debootstrap.log"
cp "$(command -v docker)" "$root/usr/local/bin/docker"
mkdir -p "$root/lib/modules"
cp -a "$folder/kernel/lib/modules/$kernel" "$root/lib/modules/"
depmod -b "$root" "$kernel"
cp scripts/vm/init "$root/sbin/vm-init"
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/archives/*.deb

cp /bin/busybox "$folder/ram/bin/"
cp scripts/vm/ram-init "$folder/ram/init"
count=10
for module in virtio_pci virtio_blk; do
	while read -r file; do
		cp "$root/$file" "$folder/ram/modules/$((count++)).ko"
	done < <(modprobe -d "$root" -S "$kernel" --show-depends "$module" | sed -n "s|^insmod $root/*||p")
done
(cd "$folder/ram" && find . | busybox cpio -o -H newc 2>/dev/null) | gzip >"$folder/initrd.gz"
cp "$folder/kernel/boot/vmlinuz-$kernel" "$folder/vmlinuz"
truncate -s 6G "$folder/root.img"
mkfs.ext4 -q -F -d "$root" "$folder/root.img"
rm -rf "$folder/root" "$folder/kernel" "$folder/ram"
touch "$folder/done"
