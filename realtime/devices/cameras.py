"""What a camera is, and opening one by its address."""

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path

from realtime.closing import Closing
from realtime.demand import Demand
from realtime.devices.address import parse_address
from realtime.devices.camera_modes import CameraWish
from realtime.errors import DeviceError
from realtime.frames import Frame

CAMERA_KINDS = "webcam:0, webcam:/dev/video2, webcam:NAME, file:clip.mp4, synthetic:"


class Camera(Closing):
    """A source of frames. Opened by its constructor; one thread at a time reads it."""

    name: str
    rate_hz: float  # nominal; what a recording of it should be marked with
    recovers = False  # whether it mends its own faults, so that a silence is no reason to end

    @abstractmethod
    def frames(self) -> Iterator[Frame]:
        """Frames, oldest first, their indices counting from 0. Ends with the clip; raises DeviceError on a fault."""

    def stop(self) -> None:
        """Asks frames() to end soon, from any thread. Nothing to do where frames() never waits long."""

    @abstractmethod
    def close(self) -> None:
        """Gives the device back, once nobody reads it any more; closing twice is safe."""


def open_recorded_camera(address: str) -> Camera:
    """The camera at address, as fast as it can be read, dropping nothing: for offline use. Raises DeviceError."""
    target = parse_address(address)
    if target.kind == "file":
        from realtime.devices.video_file import VideoFileCamera

        return VideoFileCamera(Path(target.place))
    if target.kind == "synthetic":
        from realtime.devices.synthetic import SyntheticCamera

        return SyntheticCamera()
    if target.kind == "webcam":
        raise DeviceError(
            f"{address}: a webcam cannot be read offline", hint="leave out --offline, or pass --camera file:clip.mp4"
        )
    raise DeviceError(f"unknown camera {address!r}", hint=f"choose one of: {CAMERA_KINDS}")


def open_live_camera(address: str, wish: CameraWish | None = None, demand: Demand | None = None) -> Camera:
    """The camera at address, in real time; a clip plays once at its own pace. Raises DeviceError.

    wish and demand concern webcams: what to ask of one, and whether anybody looks.
    """
    target = parse_address(address)
    if target.kind == "webcam":
        from realtime.devices.webcam import open_webcam

        return open_webcam(target.place or "0", wish or CameraWish(), demand or Demand())
    from realtime.devices.pacing import PacedCamera

    return PacedCamera(open_recorded_camera(address))
