"""What a sink is, and opening one by its address."""

from abc import abstractmethod
from pathlib import Path

from realtime.closing import Closing
from realtime.controls import CommandQueue
from realtime.devices.address import parse_address
from realtime.errors import DeviceError
from realtime.frames import OutputFrame, Size

SINK_KINDS = "virtualcam:, window:, file:out.mp4, frames:FOLDER, null:"


class Sink(Closing):
    """Where output pictures go. Opened by its constructor; one thread at a time sends to it."""

    name: str
    reader_device: str | None = None  # the device whose readers can be counted; None: it is always looked at

    @abstractmethod
    def send(self, frame: OutputFrame) -> None:
        """Delivers one picture of the size agreed at opening. Raises DeviceError on a fault."""

    @abstractmethod
    def close(self) -> None:
        """Finishes what was sent and gives the device back; closing twice is safe."""


class NullSink(Sink):
    """Takes every frame and forgets it."""

    def __init__(self) -> None:
        self.name = "null:"

    def send(self, frame: OutputFrame) -> None:
        """Nothing happens."""

    def close(self) -> None:
        """Nothing to give back."""


def open_sink(address: str, size: Size, rate_hz: float, commands: CommandQueue) -> Sink:
    """The sink at address for pictures of size at about rate_hz; commands it receives are posted there.

    Raises DeviceError.
    """
    target = parse_address(address)
    if target.kind == "virtualcam":
        from realtime.devices.virtual_camera import VirtualCameraSink

        return VirtualCameraSink(size, rate_hz, device=target.place or None)
    if target.kind == "window":
        from realtime.devices.window import WindowSink

        return WindowSink(size, commands)
    if target.kind == "file":
        from realtime.devices.recording import VideoFileSink

        return VideoFileSink(Path(target.place), size, rate_hz)
    if target.kind == "frames":
        from realtime.devices.frame_folder import FrameFolderSink

        return FrameFolderSink(Path(target.place))
    if target.kind == "null":
        return NullSink()
    raise DeviceError(f"unknown sink {address!r}", hint=f"choose one of: {SINK_KINDS}")
