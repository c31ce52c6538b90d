"""Writing an H.264 video file, encoded by PyAV, that plays however the program ends."""

from fractions import Fraction
from pathlib import Path

import av

from realtime.closing import Closing
from realtime.errors import DeviceError
from realtime.frames import Pixels, Size

TIME_BASE = Fraction(1, 90_000)
KEYFRAME_EVERY_S = 1.0
# Written in fragments, so that what is there plays even if the program is killed; made a plain mp4 at the end.
CONTAINER_OPTIONS = {"movflags": "hybrid_fragmented+frag_keyframe", "flush_packets": "1"}
ENCODER_OPTIONS = {"preset": "veryfast", "crf": "18", "tune": "zerolatency"}


class VideoWriter(Closing):
    """A video of one size. Raises DeviceError if the file cannot be written."""

    def __init__(self, path: Path, size: Size, rate_hz: float, note: str = "") -> None:
        self._path = path
        self._last_tick = -1
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(path), "w", options=CONTAINER_OPTIONS)
            rate = Fraction(rate_hz).limit_denominator(1001)
            stream = self._container.add_stream("libx264", rate=rate, options=ENCODER_OPTIONS)
        except (OSError, ValueError) as error:
            raise self._fault(error) from None
        if note:
            self._container.metadata["comment"] = note
        stream.width, stream.height = size.width_px, size.height_px
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = TIME_BASE
        stream.codec_context.gop_size = max(1, round(rate_hz * KEYFRAME_EVERY_S))
        self._stream = stream
        self._closed = False

    def write(self, pixels: Pixels, at_s: float) -> None:
        """Encodes and writes pixels [h, w, 3], shown at_s seconds after the video's start."""
        # Times must increase: two frames of one instant would be refused.
        tick = max(self._last_tick + 1, round(at_s / TIME_BASE))
        picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        picture.pts, picture.time_base = tick, TIME_BASE
        self._last_tick = tick
        self._mux(picture)

    def close(self) -> None:
        """Writes what the encoder still holds and finishes the file."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._last_tick >= 0:
                self._mux(None)
        finally:
            self._container.close()

    def _mux(self, picture: av.VideoFrame | None) -> None:
        try:
            self._container.mux(self._stream.encode(picture))
        except OSError as error:
            raise self._fault(error) from error

    def _fault(self, error: OSError | ValueError) -> DeviceError:
        reason = error.strerror if isinstance(error, OSError) else "not a kind of video file"
        return DeviceError(
            f"{self._path}: cannot be written ({reason})", hint="name an .mp4 file in a folder you may write to"
        )
