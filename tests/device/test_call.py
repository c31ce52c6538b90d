"""A call, on the kernel's own cameras: vivid as webcam, v4l2loopback as virtual camera, ffmpeg and OpenCV reading."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from realtime.frames import Size
from tests.device.conftest import LOOPBACK
from tests.device.live_process import (
    OUT,
    PATIENCE_S,
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
from tests.device.pictures import BUNDLE_FOLDER, PORTRAIT_FILE, expected

pytestmark = [
    pytest.mark.timeout(4 * PATIENCE_S),
    pytest.mark.skipif(LOOPBACK == "old", reason="once is enough; test_loopback.py is what differs"),
]

# Small and slow, so that the emulated processor's speed is not what is tested.
CALL_SIZE, CALL_HZ = Size(320, 180), 10
# What is promised is one second; QEMU without KVM takes longer over everything.
CAME_BACK_S = 3.0


@pytest.fixture(scope="module")
def flags() -> list[str]:
    return [
        *("--source", str(OUT / PORTRAIT_FILE), "--bundle", str(OUT / BUNDLE_FOLDER), "--engine", "onnx-cpu"),
        *("--crop", "none", "--no-badge"),
        *("--camera", "webcam:vivid", "--output-size", str(CALL_SIZE), "--output-rate", str(CALL_HZ), "--no-smoothing"),
        *("--sink", f"virtualcam:{VIRTUAL}"),
    ]


@pytest.fixture(scope="module")
def live(flags: list[str]) -> Iterator[LiveProcess]:
    with LiveProcess(flags, "call") as process:
        process.wait_for("animating")
        yield process


@pytest.fixture(scope="module")
def viewer(live: LiveProcess) -> Iterator[Viewer]:
    viewer = Viewer(CALL_SIZE)
    wait_until(lambda: len(viewer.times_s) > CALL_HZ, "the call's first second")
    yield viewer
    viewer.close()


def _distance(viewer: Viewer) -> float:
    """How far what the call sees is from the portrait, in levels of 255 a pixel."""
    return 0.0 if viewer.last is None else float(np.abs(viewer.last.astype(int) - expected(CALL_SIZE)).mean())


def test_devices_are_listed_by_name() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "run_live.py"), "devices"],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    (OUT / "devices.txt").write_text(done.stdout)
    assert "webcam:0  vivid" in done.stdout
    assert "YUYV 640x480" in done.stdout or "YUYV 640x360" in done.stdout
    assert f"virtualcam:{VIRTUAL}  marionet" in done.stdout


def test_the_webcam_is_negotiated_and_the_call_sees_the_portrait(live: LiveProcess) -> None:
    live.wait_for(r"webcam:/dev/video0 \(vivid\): asked for .*, got ")
    raw = subprocess.run(
        ["v4l2-ctl", "-d", WEBCAM, "--get-fmt-video"], capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    assert "YUYV" in raw.stdout
    by_opencv, by_ffmpeg = seen_by_opencv(), seen_by_ffmpeg(CALL_SIZE)
    keep("seen-by-opencv", by_opencv)
    keep("seen-by-ffmpeg", by_ffmpeg)
    whole = expected(CALL_SIZE)
    for seen in (by_opencv, by_ffmpeg):
        assert seen.shape == whole.shape
        assert np.abs(seen.astype(int) - whole).mean() < 8
    assert np.abs(by_opencv.astype(int) - by_ffmpeg).mean() < 6


def test_pictures_come_at_a_steady_rate(viewer: Viewer) -> None:
    began = len(viewer.times_s)
    time.sleep(4)
    intervals_s = np.diff(viewer.times_s[began:])
    assert 1 / intervals_s.mean() == pytest.approx(CALL_HZ, rel=0.1)


@pytest.mark.parametrize(("control", "told"), [
    ("disconnect", "stopped giving pictures; looking for it until it returns"),
    ("inject_fatal_streaming_error", "stopped giving pictures; looking for it until it returns"),
])  # fmt: skip
def test_a_fault_of_the_webcam_is_survived(live: LiveProcess, viewer: Viewer, control: str, told: str) -> None:
    before, began_s = len(live.log), time.monotonic()
    order_fault(control)
    there = live.wait_for(told, before)
    live.wait_for("back after", there)
    wait_until(webcam_is_open, "the webcam to be open again")
    gap_s = viewer.longest_gap_s(began_s)
    assert gap_s < 0.5, gap_s
    assert live.log[before:].count("looking for it") == 1
    wait_until(lambda: _distance(viewer) < 8, "the call to see the portrait")
    assert viewer.last is not None
    keep(f"after-{control}", viewer.last)


def test_half_the_pictures_lost_is_no_fault(live: LiveProcess, viewer: Viewer) -> None:
    before = len(live.log)
    order_fault("percentage_of_dropped_buffers", 50)
    time.sleep(4)
    order_fault("percentage_of_dropped_buffers", 0)
    assert "looking for it" not in live.log[before:]


def test_a_frozen_webcam_ends_in_the_neutral_portrait_and_comes_back(live: LiveProcess, viewer: Viewer) -> None:
    before, began_s = len(live.log), time.monotonic()
    order_fault("percentage_of_dropped_buffers", 100)
    try:
        live.wait_for("looking for it until it returns", before)
        there = live.wait_for("output: away", live.wait_for("output: neutral portrait", before))
        wait_until(lambda: _distance(viewer) > 10, "the call to see the away picture")
        assert viewer.last is not None
        keep("away", viewer.last)
    finally:
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
        second.wait_until_open()
        opened_s = wait_until(webcam_is_open, "the webcam to be open")
        live.wait_for("output: live", before)
        (OUT / "reader.txt").write_text(f"webcam open {opened_s:.2f} s after a reader came\n")
        assert opened_s < CAME_BACK_S
    finally:
        second.close()


def test_sigterm_ends_it_and_gives_everything_back(live: LiveProcess) -> None:
    code, seconds = live.end()
    (OUT / "sigterm.txt").write_text(f"ended {seconds:.2f} s after SIGTERM\n")
    assert code == 0, live.log  # tests/run_live holds it to a second, where nothing is emulated
    assert not webcam_is_open()
    assert "Traceback" not in live.log
    assert "pictures sent at" in live.log


def test_a_webcam_in_use_is_refused_by_the_name_of_its_user(flags: list[str], tmp_path: Path) -> None:
    taking = subprocess.Popen(["ffmpeg", "-v", "error", "-f", "v4l2", "-i", WEBCAM, "-f", "null", "-"])
    try:
        wait_until(webcam_is_open, "ffmpeg to take the webcam")
        time.sleep(1)
        with LiveProcess(flags, "taken") as process:
            assert process.wait() == 2
        assert f"close ffmpeg (process {taking.pid}), which uses it" in process.log
    finally:
        taking.terminate()
        taking.wait(PATIENCE_S)


def test_latency_is_measured_through_the_kernel(flags: list[str]) -> None:
    clip = [*flags[: flags.index("--camera")], "--camera", "synthetic:", *flags[flags.index("--camera") + 2 :]]
    with LiveProcess([*clip, "--measure-latency", "--seconds", "8"], "latency") as process:
        assert process.wait() == 0, process.log
    found = re.search(r"glass to glass p50 (\d+) p95 (\d+) p99 (\d+) ms over (\d+) pictures", process.log)
    assert found, process.log
    assert int(found[4]) > 2 * CALL_HZ
    assert 10 < int(found[1]) < 1000
