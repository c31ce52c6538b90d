#!/bin/bash
# Runs a command in a virtual machine with cameras: machine.sh old|new FOLDER COMMAND...
# Fetches and builds what that needs, once: machine.sh prepare
#
# The machine is QEMU without KVM, so it needs no rights; it boots Debian's own kernel over this system's files, read-only
# but for FOLDER, and keeps in its memory what it has read of them. In it are
#   /dev/video0    vivid, the kernel's test webcam, with faults to order
#   /dev/video10   v4l2loopback with exclusive_caps=1, the virtual camera ("marionet")
#   /dev/video11   v4l2loopback without, to be fed as a second webcam ("Clip")
# old is the v4l2loopback of Debian 12, new that of Debian 13. The exit status is the command's; of prepare it is 2
# if something is missing.
# What is fetched and built stays in $MARIONET_DEVICE_CACHE, by default in the user's cache folder.
set -eEuo pipefail

which=$1
cache=${MARIONET_DEVICE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/marionet/devices}
root=$cache/root
newer_release=trixie
limit_s=${MARIONET_DEVICE_LIMIT_S:-600}  # for a machine that hangs
# Under load an emulated kernel has stopped two seconds into its boot, which takes half a minute.
boot_limit_s=${MARIONET_DEVICE_BOOT_LIMIT_S:-150} boots=3

say() { echo "machine.sh: $*" >&2; }
stop() { say "$1"; say "$2"; exit 2; }

check_tools() {
    local missing=() tool package
    for pair in qemu-system-x86_64:qemu-system-x86 busybox:busybox-static modprobe:kmod v4l2-ctl:v4l-utils ffmpeg:ffmpeg \
        make:make gcc:gcc; do
        tool=${pair%%:*} package=${pair##*:}
        PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] || stop "programs are missing" "sudo apt-get install --no-install-recommends ${missing[*]}"
    command -v apt-get >/dev/null || stop "this needs a Debian system" "there is no other way to a kernel with its headers yet"
    apt-cache show linux-image-amd64 >/dev/null 2>&1 || stop "apt knows no packages" "sudo apt-get update"
}

# The packages that a package depends on directly and whose name fits a pattern.
needs() { apt-cache depends --important "$1" | awk '$1 == "Depends:" { print $2 }' | grep -E "$2"; }

fetch_kernel() {
    local image headers release debs=$cache/debs
    image=$(needs linux-image-amd64 '^linux-image-' | head -1)
    release=${image#linux-image-} headers=linux-headers-${image#linux-image-}
    say "fetching the kernel $release"
    rm -rf "$root" "$debs"; mkdir -p "$root" "$debs"
    mapfile -t parts < <(needs "$headers" '^linux-(headers|kbuild|compiler)-')
    (cd "$debs" && apt-get download -qq "$image" "$headers" "${parts[@]}" v4l2loopback-dkms)
    for deb in "$debs"/linux-headers* "$debs"/linux-kbuild* "$debs"/linux-compiler*; do dpkg -x "$deb" "$root"; done
    # Of the kernel's 400 MB only what boots it and what cameras need.
    dpkg-deb --fsys-tarfile "$debs/$image"_*.deb | tar -x -C "$root" --wildcards './boot/vmlinuz-*' './lib/modules/*/modules.*' \
        './lib/modules/*/kernel/'{drivers/media,drivers/virtio,drivers/char/hw_random,drivers/video/fbdev/core,sound/core,lib}'/*' \
        './lib/modules/*/kernel/'{net/9p,fs/9p,fs/fscache,fs/netfs,fs/overlayfs,fs/fuse}'/*' './lib/modules/*/kernel/drivers/char/virtio_console.ko*'
    # The headers' makefile names its parts from the root of the system.
    sed -i "s#/usr/src#$root/usr/src#g" "$root/usr/src/$headers/Makefile"
    mkdir -p "$cache/loopback-old" && dpkg-deb --fsys-tarfile "$debs"/v4l2loopback-dkms_*.deb | tar -x -C "$cache/loopback-old"
    echo "$release" >"$cache/kernel"
    rm -rf "$debs"
}

# Debian 13's v4l2loopback, with package lists of its own: nothing of this system changes.
fetch_new_loopback() {
    local own=$cache/apt mirror
    mirror=$(apt-get indextargets --format '$(REPO_URI)' | sort -u | grep -v security | head -1)
    mkdir -p "$own/lists/partial" "$cache/loopback-new"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $newer_release main" >"$own/source.list"
    local apart=(-o "Dir::Etc::sourcelist=$own/source.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$own/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
    (cd "$own" && apt-get "${apart[@]}" update -qq && apt-get "${apart[@]}" download -qq v4l2loopback-dkms)
    dpkg-deb --fsys-tarfile "$own"/v4l2loopback-dkms_*.deb | tar -x -C "$cache/loopback-new"
    rm -rf "$own"
}

build_loopback() {
    local source
    source=$(echo "$cache/loopback-$1"/usr/src/v4l2loopback-*)
    say "building ${source##*/}"
    make -s -C "$root/usr/src/linux-headers-$(cat "$cache/kernel")" M="$source" modules >"$source/build.log" 2>&1 ||
        { tail -20 "$source/build.log" >&2; stop "v4l2loopback does not build" "see $source/build.log"; }
}

prepare() {
    mkdir -p "$cache"
    [ -x "$cache/boot/bin/vng" ] || { python3 -m venv "$cache/boot" && "$cache/boot/bin/pip" install -q --disable-pip-version-check 'virtme-ng==1.42'; }
    [ -e "$cache/ready" ] && return
    fetch_kernel
    fetch_new_loopback
    build_loopback old; build_loopback new
    depmod -b "$root" "$(cat "$cache/kernel")" 2>/dev/null
    touch "$cache/ready"
}

# This system's files once more, as a second root: the first is read anew for every program that starts.
kept_files=(-fsdev "local,id=kept,path=/,security_model=none,readonly=on,multidevs=remap"
    -device "virtio-9p-pci,fsdev=kept,mount_tag=kept")

write_guest_scripts() {
    local module
    module=$(echo "$cache/loopback-$which"/usr/src/v4l2loopback-*/v4l2loopback.ko)
    cat >"$folder/guest.sh" <<GUEST
#!/bin/bash
export PATH=$PATH:/usr/sbin:/sbin
kept=\$(mktemp -d)
mount -t 9p -o trans=virtio,version=9p2000.L,cache=loose,msize=524288,ro kept \$kept || exit
for part in /dev /proc /sys /run "$folder"; do mount --rbind "\$part" "\$kept\$part" || exit; done
exec chroot \$kept "$folder/tests.sh"
GUEST
    cat >"$folder/tests.sh" <<GUEST
#!/bin/bash
touch $folder/booted
export PATH=$PATH:/usr/sbin:/sbin HOME=/run/tests TMPDIR=/run/tests PYTHONDONTWRITEBYTECODE=1
export MARIONET_DEVICES=$which MARIONET_DEVICES_OUT=$folder
export MARIONET_LOOPBACK=$module MARIONET_DEVICES_PATIENCE_S=${MARIONET_DEVICES_PATIENCE_S:-60}
mkdir /run/tests
dmesg -n 1
modprobe -d $root vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0 no_error_inj=0 || exit
insmod $module devices=2 video_nr=10,11 card_label=marionet,Clip exclusive_caps=1,0 || exit
cd $(printf %q "$PWD")
$(printf '%q ' "$@")
echo \$? >$folder/status
GUEST
    chmod +x "$folder"/{guest,tests}.sh; rm -f "$folder/status"
}

# Until the command has ended; status 1 if the machine never came as far as starting it.
run_machine() {
    rm -f "$folder/booted"
    PATH=$cache/boot/bin:$PATH timeout "$limit_s" vng --verbose --disable-kvm --force-9p --cpus 2 --memory 2G --rwdir "$folder" \
        --append no_timer_check --qemu-opts="${kept_files[*]}" \
        --run "$root/boot/vmlinuz-$(cat "$cache/kernel")" --exec "$folder/guest.sh" </dev/null >"$folder/console.log" 2>&1 &
    local machine=$! began=$SECONDS
    until [ -e "$folder/booted" ] || ! kill -0 "$machine" 2>/dev/null; do
        [ $((SECONDS - began)) -lt "$boot_limit_s" ] || { kill "$machine"; wait "$machine" || true; return 1; }
        sleep 1
    done
    wait "$machine" || true
}

export PATH=$PATH:/usr/sbin:/sbin
if [ "$which" = prepare ]; then
    trap 'stop "the machine cannot be prepared" "look at what is said above; it needs a Debian mirror and a package index"' ERR
    check_tools
    prepare
    exit
fi
[ -e "$cache/ready" ] || stop "the machine was never prepared" "bash tests/device/machine.sh prepare"
folder=$(realpath "$2"); shift 2
write_guest_scripts "$@"
say "starting, with v4l2loopback $which"
started=$SECONDS
until run_machine; do
    tail -3 "$folder/console.log" >&2
    say "not booted after $boot_limit_s s"
    [ $((boots -= 1)) -gt 0 ] || stop "no machine boots here" "see $folder/console.log"
    say "starting it again"
done
say "ended after $((SECONDS - started)) s"
[ -s "$folder/status" ] || { tail -30 "$folder/console.log" >&2; say "the machine never finished; see $folder/console.log"; exit 1; }
sed -n '/starting script/,/script exited/p' "$folder/console.log" | grep -av '^\[ *[0-9.]*\]' || true
exit "$(cat "$folder/status")"
