"""One webcam, opened once through OpenCV: reads until it fails. lasting_camera.py opens it again."""

import logging
import os
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from realtime.demand import Demand
from realtime.devices.camera_list import BACKEND, CameraInfo, find_camera, list_cameras, same_camera
from realtime.devices.camera_modes import AUTO, CameraMode, CameraWish, best_mode
from realtime.devices.holders import holders
from realtime.devices.lasting_camera import CameraDriver, LastingCamera, Shot
from realtime.errors import DeviceError
from realtime.frames import Pixels, Size

FALLBACK_RATE_HZ = 30.0
OLDEST_STAMP_S = 1.0  # a driver's time further back than this is on another clock
SMALL_PX = 640 * 480  # where modes are unknown, larger pictures are asked for compressed: raw ones are slow over USB

log = logging.getLogger(__name__)


class Webcam(CameraDriver):
    """A camera that runs. Raises DeviceError if it cannot be opened or does not give a first picture.

    Its reader empties the driver's queue as fast as it fills, so no picture ages there.
    """

    def __init__(self, camera: CameraInfo, wish: CameraWish) -> None:
        self.name = f"webcam:{camera.path}" if sys.platform == "linux" else camera.address
        self._camera = camera
        # OpenCV would print its own account of every camera it cannot open.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        self._capture = cv2.VideoCapture(camera.index, BACKEND)
        if not self._capture.isOpened():
            raise DeviceError(f"{self.name}: cannot be opened", hint=_hint(camera))
        asked = best_mode(camera.modes, wish) or _blind_mode(camera, wish)
        self._ask_for(asked)
        first = self._read()
        if first is None:
            self.close()
            raise DeviceError(f"{self.name}: gives no picture", hint=_hint(camera))
        self.rate_hz = self._capture.get(cv2.CAP_PROP_FPS) or FALLBACK_RATE_HZ
        height, width = first.pixels.shape[:2]
        self.mode = CameraMode(_letters(self._capture.get(cv2.CAP_PROP_FOURCC)), Size(width, height), self.rate_hz)
        log.info("%s (%s): asked for %s, got %s", self.name, camera.name, asked, self.mode)

    def read(self) -> Shot:
        """The next picture. Raises DeviceError when the camera stops."""
        shot = self._read()
        if shot is None:
            raise DeviceError(f"{self.name}: stopped giving pictures", hint=_hint(self._camera))
        return shot

    def close(self) -> None:
        """Gives the camera back."""
        self._capture.release()

    def _ask_for(self, mode: CameraMode) -> None:
        # In this order: a format limits the sizes, and a size the rates.
        if mode.fourcc != AUTO:
            self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*mode.fourcc))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, mode.size.width_px)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, mode.size.height_px)
        self._capture.set(cv2.CAP_PROP_FPS, mode.rate_hz)

    def _read(self) -> Shot | None:
        arrived, pixels = self._capture.read()
        if not arrived:
            return None
        return Shot(_rgb(pixels), self._taken_at(time.monotonic()))

    def _taken_at(self, now_s: float) -> float:
        """When the picture was taken: the driver's own time where it is on our clock (Linux), else now."""
        if sys.platform != "linux":
            return now_s
        stamp_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        return stamp_s if now_s - OLDEST_STAMP_S < stamp_s <= now_s else now_s


def open_webcam(place: str, wish: CameraWish, demand: Demand) -> LastingCamera:
    """The camera at place (an index, a path or a name), kept by its identity from then on. Raises DeviceError."""
    cameras = list_cameras()
    camera = find_camera(place, cameras)
    if camera is None:
        raise DeviceError(f"webcam:{place}: there is no such camera", hint=_choices(place, cameras))
    return LastingCamera(partial(_open_again, camera, wish), demand)


def _open_again(camera: CameraInfo, wish: CameraWish) -> Webcam:
    there = same_camera(camera, list_cameras())
    if there is None:
        raise DeviceError(f"{camera.address}: {camera.name} is gone", hint="plug it in again")
    return Webcam(there, wish)


def _blind_mode(camera: CameraInfo, wish: CameraWish) -> CameraMode:
    """What to ask of a camera that lists no modes. Raises DeviceError where it lists some, but none as wished."""
    if camera.modes and wish.pixel_format != AUTO:
        offered = ", ".join(sorted({mode.fourcc for mode in camera.modes}))
        raise DeviceError(
            f"webcam:{camera.index}: has no pixel format {wish.pixel_format}",
            hint=f"--camera-format is one of: {offered}",
        )
    large = wish.size.width_px * wish.size.height_px > SMALL_PX
    fourcc = "MJPG" if wish.pixel_format == AUTO and large else wish.pixel_format
    return CameraMode(fourcc, wish.size, wish.rate_hz)


def _rgb(pixels: np.ndarray) -> Pixels:
    code = cv2.COLOR_GRAY2RGB if pixels.ndim == 2 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(pixels, code), np.uint8)


def _letters(fourcc: float) -> str:
    return int(fourcc).to_bytes(4, "little").decode("ascii", "replace").strip("\0 ") or "raw"


def _hint(camera: CameraInfo) -> str:
    using = ", ".join(str(holder) for holder in holders(camera.path)) if sys.platform == "linux" else ""
    return f"close {using}, which uses it" if using else "close other programs that use it, or plug it in again"


def _choices(place: str, cameras: Sequence[CameraInfo]) -> str:
    path = Path(place if place.startswith("/") else f"/dev/video{place}")
    if sys.platform == "linux" and path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return f"allow yourself to read {path}: sudo usermod -aG video $USER, then log in again"
    found = ", ".join(f"{camera.address} ({camera.name})" for camera in cameras)
    return f"choose one of: {found}" if found else "plug a camera in, or pass --camera file:clip.mp4"
