"""A webcam through OpenCV."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from realtime.devices.cameras import Camera
from realtime.errors import DeviceError
from realtime.frames import Frame, Pixels

FALLBACK_RATE_HZ = 30.0
PROBED_INDICES = range(4)  # where the system has no list of cameras


class Webcam(Camera):
    """A camera by index ("0") or device path ("/dev/video2"). Raises DeviceError if it does not give a first frame."""

    def __init__(self, place: str) -> None:
        self.name = f"webcam:{place}"
        self._capture = _opened(place)
        # Where the driver honours it, one buffer: the frame read is the newest.
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        if not self._capture.isOpened():
            raise DeviceError(f"{self.name}: cannot be opened", hint=_hint(place))
        if self._read() is None:
            self.close()
            raise DeviceError(
                f"{self.name}: gives no picture",
                hint="close other programs that use it, or unplug it and plug it in again",
            )
        self.rate_hz = self._capture.get(cv2.CAP_PROP_FPS) or FALLBACK_RATE_HZ

    def frames(self) -> Iterator[Frame]:
        """Frames [h, w, 3] as they come. Raises DeviceError when the camera stops."""
        index = 0
        while (pixels := self._read()) is not None:
            yield Frame(pixels, index, time.monotonic())
            index += 1
        raise DeviceError(
            f"{self.name}: stopped giving pictures after {index}", hint="check its cable, then start again"
        )

    def close(self) -> None:
        """Gives the camera back."""
        self._capture.release()

    def _read(self) -> Pixels | None:
        arrived, pixels = self._capture.read()
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8) if arrived else None


def likely_places() -> list[str]:
    """Where a webcam may be on this system, most likely first."""
    if sys.platform == "linux":
        return sorted((str(path) for path in Path("/dev").glob("video*")), key=lambda path: (len(path), path))
    return [str(index) for index in PROBED_INDICES]


def _opened(place: str) -> cv2.VideoCapture:
    # OpenCV would print its own account of every camera it cannot open.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    if place.isdigit():
        return cv2.VideoCapture(int(place))
    return cv2.VideoCapture(place, cv2.CAP_V4L2)


def _hint(place: str) -> str:
    path = Path(place if not place.isdigit() else f"/dev/video{place}")
    if sys.platform == "linux" and path.exists():
        return f"allow yourself to read {path} (group video), or close the program that uses it"
    found = ", ".join(f"webcam:{other}" for other in likely_places()) if sys.platform == "linux" else ""
    return f"choose one of: {found}" if found else "plug a camera in, or pass --camera file:clip.mp4"
