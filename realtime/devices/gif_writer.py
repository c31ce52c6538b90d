"""Writing an animated GIF with a palette of its own, through PyAV's filters."""

from fractions import Fraction
from pathlib import Path

import av

from realtime.closing import Closing
from realtime.errors import DeviceError
from realtime.frames import Pixels, Size

TIME_BASE = Fraction(1, 100)  # a GIF counts in hundredths of a second


class GifWriter(Closing):
    """All pictures are kept until the end: only then is the palette known. Raises DeviceError."""

    def __init__(self, path: Path, size: Size, rate_hz: float) -> None:
        self._path = path
        self._size = size
        self._rate = Fraction(rate_hz).limit_denominator(1001)
        self._last_tick = -1
        self._closed = False
        self._graph = av.filter.Graph()
        source = self._graph.add_buffer(
            width=size.width_px, height=size.height_px, format=av.VideoFormat("rgb24"), time_base=TIME_BASE
        )
        split, palette = self._graph.add("split"), self._graph.add("palettegen", "stats_mode=full")
        use, sink = self._graph.add("paletteuse", "dither=bayer:bayer_scale=4"), self._graph.add("buffersink")
        source.link_to(split)
        split.link_to(use, 0, 0)
        split.link_to(palette, 1, 0)
        palette.link_to(use, 0, 1)
        use.link_to(sink)
        self._graph.configure()

    def write(self, pixels: Pixels, at_s: float) -> None:
        """Takes in pixels [h, w, 3], shown at_s seconds after the start."""
        self._last_tick = max(self._last_tick + 1, round(at_s / TIME_BASE))
        picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        picture.pts, picture.time_base = self._last_tick, TIME_BASE
        self._graph.push(picture)

    def close(self) -> None:
        """Writes the file; closing twice is safe, and without a picture nothing is written."""
        if self._closed or self._last_tick < 0:
            return
        self._closed = True
        self._graph.push(None)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with av.open(str(self._path), "w", format="gif", options={"loop": "0"}) as container:
                self._encode(container)
        except OSError as error:
            raise DeviceError(
                f"{self._path}: cannot be written ({error.strerror})", hint="name a file in a folder you may write to"
            ) from error

    def _encode(self, container: "av.container.OutputContainer") -> None:
        stream = container.add_stream("gif", rate=self._rate)
        stream.width, stream.height, stream.pix_fmt = self._size.width_px, self._size.height_px, "pal8"
        stream.codec_context.time_base = TIME_BASE
        while True:
            try:
                picture = self._graph.pull()
            except (av.error.EOFError, av.error.BlockingIOError):
                break
            if isinstance(picture, av.VideoFrame):
                container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
