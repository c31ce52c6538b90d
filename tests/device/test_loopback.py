"""v4l2loopback itself: the bug of old versions is explained with commands that mend it; new ones need none."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.device.conftest import LOOPBACK
from tests.device.live_process import OUT, PATIENCE_S, VIRTUAL, LiveProcess, seen_by_opencv
from tests.device.pictures import BUNDLE_FOLDER, PORTRAIT_FILE

pytestmark = pytest.mark.timeout(4 * PATIENCE_S)
once_is_enough = pytest.mark.skipif(LOOPBACK == "new", reason="the same for both; the other machine has less to do")


@pytest.fixture(scope="module")
def flags() -> list[str]:
    return [
        *("--source", str(OUT / PORTRAIT_FILE), "--bundle", str(OUT / BUNDLE_FOLDER), "--engine", "onnx-cpu"),
        *("--crop", "none", "--camera", "webcam:0", "--output-size", "320x180", "--output-rate", "10"),
        *("--sink", f"virtualcam:{VIRTUAL}"),
    ]


def _run_once(flags: list[str], name: str) -> None:
    with LiveProcess([*flags, "--always-on"], name) as process:
        process.wait_for("animating")
        assert seen_by_opencv().shape == (180, 320, 3)
        assert process.end()[0] == 0, process.log


def _reload() -> None:
    """What the hint says, with the module that was built for this machine."""
    subprocess.run(["rmmod", "v4l2loopback"], check=True, timeout=PATIENCE_S)
    module = os.environ["MARIONET_LOOPBACK"]
    options = ["devices=1", "video_nr=10", "card_label=marionet", "exclusive_caps=1"]
    subprocess.run(["insmod", module, *options], check=True, timeout=PATIENCE_S)


def test_a_second_start_works_or_is_explained(flags: list[str]) -> None:
    _run_once(flags, "first-start")
    if LOOPBACK == "new":
        _run_once(flags, "second-start")
        return
    with LiveProcess(flags, "second-start") as again:
        assert again.wait() == 2
    assert "cannot be opened a second time" in again.log
    assert "sudo modprobe -r v4l2loopback && sudo sh scripts/virtual-camera.sh" in again.log
    _reload()
    _run_once(flags, "after-reloading")


@once_is_enough
def test_a_device_that_is_not_there_is_answered_with_those_that_are(flags: list[str]) -> None:
    with LiveProcess([*flags[:-1], "virtualcam:/dev/video20"], "no-device") as process:
        assert process.wait() == 2
    assert f"virtualcam:{VIRTUAL}" in process.log.splitlines()[-1]


@once_is_enough
def test_without_the_driver_the_set_up_script_is_named(flags: list[str]) -> None:
    subprocess.run(["rmmod", "v4l2loopback"], check=True, timeout=PATIENCE_S)
    with LiveProcess(flags, "no-driver") as process:
        assert process.wait() == 2
    assert "sudo sh scripts/virtual-camera.sh" in process.log.splitlines()[-1]
    assert Path("scripts/virtual-camera.sh").exists()
