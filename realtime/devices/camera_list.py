"""Which cameras there are, on each system, and finding one by index, path or name; or again, after it was gone."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from realtime.devices.camera_modes import CameraMode
from realtime.errors import DeviceError

BY_ID = Path("/dev/v4l/by-id")
# OpenCV's way to each system's cameras. DirectShow, since Media Foundation takes seconds to open one.
BACKENDS = {"linux": cv2.CAP_V4L2, "win32": cv2.CAP_DSHOW, "darwin": cv2.CAP_AVFOUNDATION}
BACKEND = BACKENDS.get(sys.platform, cv2.CAP_ANY)


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera that is there now. identity stays its own when index and path change: after a replug or a suspend."""

    index: int
    path: str
    name: str
    identity: str
    modes: tuple[CameraMode, ...] = ()
    virtual: bool = False  # fed by a program: never chosen unasked, it may be our own

    @property
    def address(self) -> str:
        """How a user names it."""
        return f"webcam:{self.index}"


def list_cameras() -> list[CameraInfo]:
    """Every camera, in the order of its index. No camera's light goes on for it."""
    return _linux_cameras() if sys.platform == "linux" else _other_cameras()


def find_camera(place: str, cameras: Sequence[CameraInfo]) -> CameraInfo | None:
    """The camera that place names: an index, a path, or (part of) a name; None if none is called so.

    Raises DeviceError where a name fits several cameras.
    """
    if place.isdigit():
        return next((camera for camera in cameras if camera.index == int(place)), None)
    if place.startswith("/"):
        real = str(Path(place).resolve())
        return next((camera for camera in cameras if camera.path in (place, real)), None)
    wanted = place.casefold()
    fitting = [camera for camera in cameras if wanted in camera.name.casefold()]
    exact = [camera for camera in fitting if wanted == camera.name.casefold()]
    fitting = exact or fitting
    if len(fitting) > 1:
        choices = ", ".join(f"{camera.address} ({camera.name})" for camera in fitting)
        raise DeviceError(f"webcam:{place}: fits {len(fitting)} cameras", hint=f"choose one of: {choices}")
    return fitting[0] if fitting else None


def same_camera(known: CameraInfo, cameras: Sequence[CameraInfo]) -> CameraInfo | None:
    """The camera that was known, wherever it is now; None while it is gone."""
    return next((camera for camera in cameras if camera.identity == known.identity), None)


def _linux_cameras() -> list[CameraInfo]:
    from realtime.devices.v4l2 import LOOPBACK_DRIVER, video_nodes

    links = {str(link.resolve()): link.name for link in sorted(BY_ID.glob("*"))} if BY_ID.is_dir() else {}
    return [
        CameraInfo(
            index=int(node.path.removeprefix("/dev/video")),
            path=node.path,
            name=node.name,
            identity=links.get(node.path, f"{node.name} at {node.bus}"),
            modes=node.modes,
            virtual=node.driver == LOOPBACK_DRIVER,
        )
        for node in video_nodes()
        if node.captures
    ]


def _other_cameras() -> list[CameraInfo]:
    from cv2_enumerate_cameras import enumerate_cameras

    return [
        CameraInfo(
            index=camera.index,
            path=camera.path or str(camera.index),
            name=camera.name,
            identity=camera.path or f"{camera.name} {camera.vid}:{camera.pid}",
        )
        for camera in enumerate_cameras(BACKEND)
    ]
