"""run_live.py as a process among real devices, its log, and what others see of its virtual camera."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from realtime.devices.holders import holders
from realtime.frames import Pixels, Size

ROOT = Path(__file__).parents[2]
OUT = Path(os.environ.get("MARIONET_DEVICES_OUT", "out/devices"))
WEBCAM, VIRTUAL = "/dev/video0", "/dev/video10"
# Else ffmpeg repeats pictures up to the rate that the device names.
AS_THEY_COME = ("-fps_mode", "passthrough")
# QEMU without KVM starts Python slowly, and far slower beside other work.
PATIENCE_S = float(os.environ.get("MARIONET_DEVICES_PATIENCE_S", "60"))


class LiveProcess:
    """Started at once; its log can be waited for, and it is ended as a user ends it, or killed where a test fails."""

    def __init__(self, flags: Sequence[str], name: str) -> None:
        self._log_path = OUT / f"{name}.log"
        with self._log_path.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(ROOT / "run_live.py"), *flags],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
            )

    def __enter__(self) -> "LiveProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def log(self) -> str:
        """All of it so far."""
        return self._log_path.read_text()

    def wait_for(self, pattern: str, after: int = 0) -> int:
        """Where in the log pattern ends, once it is there, searched from after on."""
        found = None

        def look() -> bool:
            nonlocal found
            found = re.compile(pattern).search(self.log, after)
            assert found or self._process.poll() is None, self.log
            return found is not None

        wait_until(look, f"{pattern!r} in the log:\n{self.log}")
        assert found is not None
        return found.end()

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Its exit code, and how many seconds it took to end."""
        asked_s = time.monotonic()
        self._process.send_signal(number)
        return self._process.wait(PATIENCE_S), time.monotonic() - asked_s

    def wait(self) -> int:
        """Its exit code."""
        return self._process.wait(PATIENCE_S)

    def kill(self) -> None:
        """Or it would hold the devices of the tests that follow."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(PATIENCE_S)


class Viewer:
    """A program of its own that reads the virtual camera all the time, as a call does, and notes when pictures came."""

    def __init__(self, size: Size) -> None:
        self._width, self._height = size.width_px, size.height_px
        self.times_s: list[float] = []
        self.last: Pixels | None = None
        command = ["ffmpeg", "-v", "error", "-f", "v4l2", "-i", VIRTUAL, *AS_THEY_COME, "-f", "rawvideo"]
        self._process = subprocess.Popen([*command, "-pix_fmt", "rgb24", "-"], stdout=subprocess.PIPE)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def wait_until_open(self) -> None:
        """Until it has the virtual camera: programs start slowly here, and nobody can see that they will want it."""
        wait_until(lambda: any(holder.pid == self._process.pid for holder in holders(VIRTUAL)), "the viewer to open")

    def _read(self) -> None:
        assert self._process.stdout is not None
        count = self._width * self._height * 3
        while len(data := self._process.stdout.read(count)) == count:
            self.last = np.frombuffer(data, np.uint8).reshape(self._height, self._width, 3)
            self.times_s.append(time.monotonic())

    def longest_gap_s(self, since_s: float) -> float:
        """The longest time without a picture since then."""
        times_s = [time_s for time_s in self.times_s if time_s >= since_s]
        return float(np.diff([since_s, *times_s, time.monotonic()]).max())

    def close(self) -> None:
        """Stops looking, at once: a program that is still starting may take its time over a signal."""
        self._process.kill()
        self._process.wait(PATIENCE_S)
        self._thread.join(PATIENCE_S)
        assert self._process.stdout is not None
        self._process.stdout.close()


def wait_until(is_so: Callable[[], bool], what: str) -> float:
    """How many seconds it took until is_so."""
    began_s = time.monotonic()
    while not is_so():
        assert time.monotonic() - began_s < PATIENCE_S, f"waited in vain for {what}"
        time.sleep(0.05)
    return time.monotonic() - began_s


def webcam_is_open() -> bool:
    """Whether any program but this one has the webcam."""
    return bool(holders(WEBCAM))


def order_fault(control: str, value: int = 1) -> None:
    """Lets vivid fail in one of its ways. Its own opening is over before this returns."""
    subprocess.run(["v4l2-ctl", "-d", WEBCAM, "-c", f"{control}={value}"], check=True, timeout=PATIENCE_S)


def seen_by_opencv(frames: int = 5) -> Pixels:
    """The virtual camera's picture, as OpenCV reads it."""
    capture = cv2.VideoCapture()
    try:
        # With exclusive_caps it is a camera only once a picture was sent.
        wait_until(lambda: capture.open(VIRTUAL, cv2.CAP_V4L2), "the virtual camera to be one for OpenCV")
        for _ in range(frames):
            arrived, pixels = capture.read()
            assert arrived
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
    finally:
        capture.release()


def seen_by_ffmpeg(size: Size) -> Pixels:
    """The virtual camera's picture, as ffmpeg reads it."""
    command = ["ffmpeg", "-v", "error", "-f", "v4l2", "-i", VIRTUAL, "-frames:v", "1", "-f", "rawvideo"]
    done = subprocess.run([*command, "-pix_fmt", "rgb24", "-"], capture_output=True, check=True, timeout=PATIENCE_S)
    return np.frombuffer(done.stdout, np.uint8).reshape(size.height_px, size.width_px, 3)


def keep(name: str, pixels: Pixels) -> None:
    """Saves a picture for the eye."""
    (OUT / f"{name}.png").write_bytes(cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes())
