#!/bin/bash
# The device tests, in one machine after the other: run.sh PYTHON FOLDER
#
# Pictures and logs stay in FOLDER/new and FOLDER/old. Exit status 0: passed. 1: failed. 2: this system lacks what they need.
set -uo pipefail

python=$1 folder=$2
here=$(dirname "${BASH_SOURCE[0]}")

bash "$here/machine.sh" prepare || exit 2
for loopback in new old; do
    mkdir -p "$folder/$loopback"
    "$python" -m tests.device.prepare "$folder/$loopback" &&
        bash "$here/machine.sh" "$loopback" "$folder/$loopback" env PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 \
            "$python" -m pytest tests/device -q -p pytest_timeout -p no:cacheprovider --color=no --confcutdir=tests/device || exit 1
done
