"""A virtual camera as a sink, through pyvirtualcam: what a video call sees."""

import sys

import pyvirtualcam

from realtime.devices.sinks import Sink
from realtime.errors import DeviceError
from realtime.frames import OutputFrame, Size

_HINTS = {
    "win32": "install OBS Studio (its virtual camera) or Unity Capture; or pass --sink window:",
    "darwin": "install OBS Studio 30 or newer and start its virtual camera once; or pass --sink window:",
}


class VirtualCameraSink(Sink):
    """One virtual camera, open for the life of the sink. Raises DeviceError if there is none."""

    def __init__(self, size: Size, rate_hz: float, device: str | None = None, backend: str | None = None) -> None:
        try:
            self._camera = pyvirtualcam.Camera(size.width_px, size.height_px, rate_hz, device=device, backend=backend)
        except RuntimeError as error:
            cause = " ".join(str(error).split())
            raise DeviceError(
                f"virtualcam:{device or ''} cannot be opened: {cause}", hint=_hint(cause, device)
            ) from None
        self.name = f"virtualcam:{self._camera.device}"
        self.reader_device = self._camera.device if self._camera.device.startswith("/dev/") else None

    def send(self, frame: OutputFrame) -> None:
        """Shows the frame to whoever reads the camera."""
        self._camera.send(frame.pixels)

    def close(self) -> None:
        """Takes the camera away from its readers."""
        self._camera.close()


def _hint(cause: str, device: str | None) -> str:
    if sys.platform == "linux":
        from realtime.devices.loopback import advice

        return advice(cause, device)
    return _HINTS.get(sys.platform, "pass --sink window:")
