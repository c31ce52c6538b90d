"""A camera around a camera and a sink around a sink: what passes everything on, for those who change one thing."""

from collections.abc import Iterator

from realtime.devices.cameras import Camera
from realtime.devices.sinks import Sink
from realtime.frames import Frame, OutputFrame


class AroundCamera(Camera):
    """Another camera, as it is. Owns it."""

    def __init__(self, inner: Camera) -> None:
        self.name, self.rate_hz, self.recovers = inner.name, inner.rate_hz, inner.recovers
        self.inner = inner

    def frames(self) -> Iterator[Frame]:
        """The inner camera's frames."""
        return self.inner.frames()

    def stop(self) -> None:
        """Asks the inner camera to end."""
        self.inner.stop()

    def close(self) -> None:
        """Closes the inner camera."""
        self.inner.close()


class AroundSink(Sink):
    """Another sink, as it is. Owns it."""

    def __init__(self, inner: Sink) -> None:
        self.name, self.reader_device = inner.name, inner.reader_device
        self.inner = inner

    def send(self, frame: OutputFrame) -> None:
        """Sends it to the inner sink."""
        self.inner.send(frame)

    def close(self) -> None:
        """Closes the inner sink."""
        self.inner.close()
