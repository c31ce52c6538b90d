"""An H.264 video file as a sink, encoded by PyAV."""

from fractions import Fraction
from pathlib import Path

import av

from realtime.devices.sinks import Sink
from realtime.errors import DeviceError
from realtime.frames import Frame

TIME_BASE = Fraction(1, 90_000)
KEYFRAME_EVERY_S = 1.0
# Written in fragments, so that what is there plays even if the program is killed; made a plain mp4 at the end.
CONTAINER_OPTIONS = {"movflags": "hybrid_fragmented+frag_keyframe", "flush_packets": "1"}
ENCODER_OPTIONS = {"preset": "veryfast", "crf": "18", "tune": "zerolatency"}


class VideoFileSink(Sink):
    """Each frame is shown at its captured_at, counted from the first: a clip keeps its rate, a live run its real times.

    Raises DeviceError if the file cannot be written.
    """

    def __init__(self, path: Path, size_px: int, rate_hz: float) -> None:
        self.name = f"file:{path}"
        self._path = path
        self._first_s: float | None = None
        self._last_tick = -1
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(path), "w", options=CONTAINER_OPTIONS)
        except (OSError, ValueError) as error:
            raise self._fault(error) from None
        rate = Fraction(rate_hz).limit_denominator(1001)
        stream = self._container.add_stream("libx264", rate=rate, options=ENCODER_OPTIONS)
        stream.width = stream.height = size_px
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = TIME_BASE
        stream.codec_context.gop_size = max(1, round(rate_hz * KEYFRAME_EVERY_S))
        self._stream = stream
        self._closed = False

    def send(self, frame: Frame) -> None:
        """Encodes and writes one frame."""
        if self._first_s is None:
            self._first_s = frame.captured_at
        # Times must increase: two frames of one instant would be refused.
        tick = max(self._last_tick + 1, round((frame.captured_at - self._first_s) / TIME_BASE))
        picture = av.VideoFrame.from_ndarray(frame.pixels, format="rgb24")
        picture.pts, picture.time_base = tick, TIME_BASE
        self._last_tick = tick
        self._write(picture)

    def close(self) -> None:
        """Writes what the encoder still holds and finishes the file."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._last_tick >= 0:
                self._write(None)
        finally:
            self._container.close()

    def _write(self, picture: av.VideoFrame | None) -> None:
        try:
            self._container.mux(self._stream.encode(picture))
        except OSError as error:
            raise self._fault(error) from error

    def _fault(self, error: OSError | ValueError) -> DeviceError:
        reason = error.strerror if isinstance(error, OSError) else "not a kind of video file"
        return DeviceError(
            f"{self._path}: cannot be written ({reason})", hint="name an .mp4 file in a folder you may write to"
        )
