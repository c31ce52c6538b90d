"""A video file as a sink."""

from pathlib import Path

from realtime.devices.sinks import Sink
from realtime.devices.video_writer import VideoWriter
from realtime.frames import OutputFrame, Size

DISCLOSURE = "A portrait animated by marionet: the movements are a real person's, the picture is made by a machine."


class VideoFileSink(Sink):
    """Each picture is shown at its shown_at, counted from the first: a clip keeps its rate, a live run its real times.

    Says in the file's comment that the picture is synthetic. Raises DeviceError if the file cannot be written.
    """

    def __init__(self, path: Path, size: Size, rate_hz: float) -> None:
        self.name = f"file:{path}"
        self._video = VideoWriter(path, size, rate_hz, note=DISCLOSURE)
        self._first_s: float | None = None

    def send(self, frame: OutputFrame) -> None:
        """Encodes and writes one picture."""
        if self._first_s is None:
            self._first_s = frame.shown_at
        self._video.write(frame.pixels, frame.shown_at - self._first_s)

    def close(self) -> None:
        """Finishes the file."""
        self._video.close()
