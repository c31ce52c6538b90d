"""A call, on the kernel's own cameras: vivid as webcam, v4l2loopback as virtual camera, ffmpeg and OpenCV reading."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.frames import Pixels, Size
from realtime.output.canvas import Canvas
from tests.device.conftest import LOOPBACK
from tests.device.live_process import (
    OUT,
    ROOT,
    VIRTUAL,
    WEBCAM,
    LiveProcess,
    Viewer,
    keep,
    order_fault,
    seen_by_ffmpeg,
    seen_by_opencv,
    wait_until,
    webcam_is_open,
)
from tests.tiny_bundle import SIZE, write_tiny_bundle

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(LOOPBACK == "old", reason="once is enough; test_loopback.py is what differs"),
]

CALL_SIZE = (640, 360)
CAME_BACK_S = 1.0 * 3  # what is promised, and QEMU's slowness
ENDED_S = 1.0 * 2


def _portrait() -> Pixels:
    """Shapes with edges and colours, so that a wrong size, order or place would show."""
    picture = np.full((SIZE * 2, SIZE * 2, 3), (90, 120, 150), np.uint8)
    cv2.circle(picture, (SIZE, SIZE), 40, (180, 140, 60), -1)
    cv2.rectangle(picture, (20, 20), (50, 40), (200, 40, 40), -1)
    return picture


@pytest.fixture(scope="module")
def flags() -> list[str]:
    source = OUT / "portrait.png"
    keep("portrait", _portrait())
    bundle = write_tiny_bundle(OUT / "bundle")
    return [
        *("--source", str(source), "--bundle", str(bundle), "--crop", "none", "--no-badge", "--no-smoothing"),
        *("--camera", "webcam:vivid", "--output-size", "640x360", "--output-rate", "30"),
        *("--sink", f"virtualcam:{VIRTUAL}"),
    ]


@pytest.fixture(scope="module")
def live(flags: list[str]) -> Iterator[LiveProcess]:
    process = LiveProcess(flags, "call")
    process.wait_for("animating")
    yield process
    process.kill()


@pytest.fixture(scope="module")
def viewer(live: LiveProcess) -> Iterator[Viewer]:
    viewer = Viewer(CALL_SIZE)
    wait_until(lambda: len(viewer.times_s) > 30, "the call's first second")
    yield viewer
    viewer.close()


def _expected() -> Pixels:
    """What the call should see of a driver who does not move."""
    small = cv2.resize(_portrait(), (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return Canvas(Size(*CALL_SIZE), badge=False).portrait(np.asarray(small, np.uint8), np.asarray(small, np.uint8))


def test_devices_are_listed_by_name() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "run_live.py"), "devices"], capture_output=True, text=True, check=True, timeout=60
    )
    (OUT / "devices.txt").write_text(done.stdout)
    assert "webcam:0  vivid" in done.stdout
    assert "YUYV 640x480" in done.stdout or "YUYV 640x360" in done.stdout
    assert f"virtualcam:{VIRTUAL}  marionet" in done.stdout


def test_the_webcam_is_negotiated_and_the_call_sees_the_portrait(live: LiveProcess) -> None:
    live.wait_for(r"webcam:/dev/video0 \(vivid\): asked for .*, got ")
    raw = subprocess.run(
        ["v4l2-ctl", "-d", WEBCAM, "--get-fmt-video"], capture_output=True, text=True, check=True, timeout=60
    )
    assert "YUYV" in raw.stdout
    by_opencv, by_ffmpeg = seen_by_opencv(), seen_by_ffmpeg(CALL_SIZE)
    keep("seen-by-opencv", by_opencv)
    keep("seen-by-ffmpeg", by_ffmpeg)
    expected = _expected()
    for seen in (by_opencv, by_ffmpeg):
        assert seen.shape == expected.shape
        assert np.abs(seen.astype(int) - expected).mean() < 8
    assert np.abs(by_opencv.astype(int) - by_ffmpeg).mean() < 6


def test_pictures_come_at_a_steady_rate(viewer: Viewer) -> None:
    began = len(viewer.times_s)
    time.sleep(4)
    intervals_s = np.diff(viewer.times_s[began:])
    assert 1 / intervals_s.mean() == pytest.approx(30, rel=0.1)


@pytest.mark.parametrize(("control", "told"), [
    ("disconnect", "stopped giving pictures; looking for it until it returns"),
    ("inject_fatal_streaming_error", "stopped giving pictures; looking for it until it returns"),
])  # fmt: skip
def test_a_fault_of_the_webcam_is_survived(live: LiveProcess, viewer: Viewer, control: str, told: str) -> None:
    before, began_s = len(live.log), time.monotonic()
    order_fault(control)
    there = live.wait_for(told, before)
    live.wait_for(r"back after|gives \d+\.\d pictures a second", there)
    wait_until(webcam_is_open, "the webcam to be open again")
    gap_s = viewer.longest_gap_s(began_s)
    assert gap_s < 0.5, gap_s
    assert live.log[before:].count("looking for it") == 1
    assert viewer.last is not None
    keep(f"after-{control}", viewer.last)
    assert np.abs(viewer.last.astype(int) - _expected()).mean() < 8


def test_half_the_pictures_lost_is_no_fault(live: LiveProcess, viewer: Viewer) -> None:
    before = len(live.log)
    order_fault("percentage_of_dropped_buffers", 50)
    time.sleep(4)
    order_fault("percentage_of_dropped_buffers", 0)
    assert "looking for it" not in live.log[before:]


def test_a_frozen_webcam_ends_in_the_neutral_portrait_and_comes_back(live: LiveProcess, viewer: Viewer) -> None:
    before, began_s = len(live.log), time.monotonic()
    order_fault("percentage_of_dropped_buffers", 100)
    there = live.wait_for("looking for it until it returns", before)
    there = live.wait_for("output: neutral portrait", before)
    live.wait_for("output: away", there)
    time.sleep(1)
    assert viewer.last is not None
    keep("away", viewer.last)
    assert np.abs(viewer.last.astype(int) - _expected()).mean() > 10
    order_fault("percentage_of_dropped_buffers", 0)
    live.wait_for("output: live", there)
    assert viewer.longest_gap_s(began_s) < 0.5


def test_the_webcam_rests_while_nobody_looks_and_is_back_in_a_second(live: LiveProcess, viewer: Viewer) -> None:
    before = len(live.log)
    viewer.close()
    live.wait_for("nobody looks, so the camera rests", before)
    wait_until(lambda: not webcam_is_open(), "the webcam to be given back")
    time.sleep(2)
    assert not webcam_is_open()
    second = Viewer(CALL_SIZE)
    try:
        opened_s = wait_until(webcam_is_open, "the webcam to be open")
        live.wait_for("output: live", before)
        (OUT / "reader.txt").write_text(f"webcam open {opened_s:.2f} s after a reader came\n")
        assert opened_s < CAME_BACK_S
    finally:
        second.close()


def test_sigterm_ends_it_quickly_and_gives_everything_back(live: LiveProcess) -> None:
    code, seconds = live.end()
    (OUT / "sigterm.txt").write_text(f"ended {seconds:.2f} s after SIGTERM\n")
    assert code == 0, live.log
    assert seconds < ENDED_S
    assert not webcam_is_open()
    assert "Traceback" not in live.log
    assert "pictures sent at" in live.log


def test_a_webcam_in_use_is_refused_by_the_name_of_its_user(flags: list[str], tmp_path: Path) -> None:
    taking = subprocess.Popen(["ffmpeg", "-v", "error", "-f", "v4l2", "-i", WEBCAM, "-f", "null", "-"])
    try:
        wait_until(webcam_is_open, "ffmpeg to take the webcam")
        time.sleep(1)
        process = LiveProcess(flags, "taken")
        assert process.wait() == 2
        assert f"close ffmpeg (process {taking.pid}), which uses it" in process.log
    finally:
        taking.terminate()
        taking.wait(60)
