"""A virtual camera as a sink, through pyvirtualcam: what a video call sees."""

import sys

import pyvirtualcam

from realtime.devices.sinks import Sink
from realtime.errors import DeviceError
from realtime.frames import OutputFrame, Size

_HINTS = {
    "linux": "load it once: sudo modprobe v4l2loopback exclusive_caps=1 card_label=marionet; or pass --sink window:",
    "win32": "install OBS Studio (its virtual camera) or Unity Capture; or pass --sink window:",
    "darwin": "install OBS Studio 30 or newer and start its virtual camera once; or pass --sink window:",
}
# v4l2loopback before 0.13 with exclusive_caps=1 refuses every open after the first.
_REOPEN_SIGN = "not a video output device"
_REOPEN_HINT = (
    "reload the driver: sudo modprobe -r v4l2loopback && sudo modprobe v4l2loopback exclusive_caps=1; "
    "v4l2loopback 0.15 needs no reload"
)


class VirtualCameraSink(Sink):
    """One virtual camera, open for the life of the sink. Raises DeviceError if there is none."""

    def __init__(self, size: Size, rate_hz: float, device: str | None = None, backend: str | None = None) -> None:
        try:
            self._camera = pyvirtualcam.Camera(size.width_px, size.height_px, rate_hz, device=device, backend=backend)
        except RuntimeError as error:
            cause = " ".join(str(error).split())
            hint = _REOPEN_HINT if _REOPEN_SIGN in cause else _HINTS.get(sys.platform, "pass --sink window:")
            raise DeviceError(f"virtualcam:{device or ''} cannot be opened: {cause}", hint=hint) from None
        self.name = f"virtualcam:{self._camera.device}"

    def send(self, frame: OutputFrame) -> None:
        """Shows the frame to whoever reads the camera."""
        self._camera.send(frame.pixels)

    def close(self) -> None:
        """Takes the camera away from its readers."""
        self._camera.close()
