#!/bin/sh
# Makes a virtual camera that video calls find: sudo sh scripts/virtual-camera.sh [NUMBER [NAME]]
# It lasts until the next start of the machine; --permanent makes it anew at every start.
set -eu

permanent=
if [ "${1-}" = --permanent ]; then permanent=yes; shift; fi
number=${1-10}
name=${2-marionet}

fail() { echo "virtual-camera.sh: $1" >&2; echo "  $2" >&2; exit 1; }

case $number in *[!0-9]*|'') fail "$number is not a number" "usage: sudo sh scripts/virtual-camera.sh [--permanent] [NUMBER [NAME]]" ;; esac
case $name in *[!A-Za-z0-9\ ._-]*|'') fail "$name is not a name that every call shows" "use letters, digits, blanks, dots and dashes" ;; esac
[ "$number" -le 63 ] || fail "/dev/video$number would not be found by some calls" "choose a number up to 63"
[ "$(id -u)" = 0 ] || fail "only root may load a driver" "sudo sh $0 $*"
modinfo v4l2loopback >/dev/null 2>&1 || fail "v4l2loopback is not installed" \
    "Debian, Ubuntu: sudo apt install v4l2loopback-dkms; Fedora: sudo dnf install v4l2loopback; Arch: sudo pacman -S v4l2loopback-dkms"

# exclusive_caps: browsers list a device as a camera only if it cannot be written to as well.
options="video_nr=$number exclusive_caps=1 max_buffers=2"

if [ -e /sys/module/v4l2loopback ]; then
    modprobe -r v4l2loopback 2>/dev/null || fail "v4l2loopback is in use" \
        "close the programs that use it: fuser -v /dev/video*"
fi
[ ! -e "/dev/video$number" ] || fail "/dev/video$number is another device" "choose another number"
# shellcheck disable=SC2086 # several options
modprobe v4l2loopback $options card_label="$name"
echo "virtual camera $name is /dev/video$number; choose it in the call once marionet runs"

if [ -n "$permanent" ]; then
    echo v4l2loopback >/etc/modules-load.d/marionet-virtual-camera.conf
    echo "options v4l2loopback $options card_label=\"$name\"" >/etc/modprobe.d/marionet-virtual-camera.conf
    echo "it will be there after every start; undo: sudo rm /etc/modules-load.d/marionet-virtual-camera.conf /etc/modprobe.d/marionet-virtual-camera.conf"
fi
