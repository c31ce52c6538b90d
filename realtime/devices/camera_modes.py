"""What a camera offers, what a user wishes, and the mode that serves the wish best."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from realtime.frames import Size

AUTO = "auto"
# What OpenCV decodes, best first at the same size and rate: uncompressed costs no decoding and no wait for it.
KNOWN_FORMATS = ("YUYV", "UYVY", "YVYU", "NV12", "NV21", "YU12", "YV12", "RGB3", "BGR3", "MJPG", "JPEG", "GREY")
ENOUGH_RATE = 0.95  # of the rate wished for: cameras that say 29.97 mean 30


@dataclass(frozen=True, slots=True)
class CameraMode:
    """One of the ways in which a camera can run. fourcc: the four letters of its pixel format."""

    fourcc: str
    size: Size
    rate_hz: float

    def __str__(self) -> str:
        return f"{self.size} {self.fourcc} {self.rate_hz:.4g} a second"


@dataclass(frozen=True, slots=True)
class CameraWish:
    """What the user asks of a camera. 640x480 shows the model a face as large as it can use, at arm's length."""

    size: Size = Size(640, 480)
    rate_hz: float = 30.0
    pixel_format: str = AUTO


def best_mode(modes: Sequence[CameraMode], wish: CameraWish) -> CameraMode | None:
    """The mode nearest to wish; None where no mode is known or none has the format asked for.

    The size first: the smallest that holds the one wished for, else the largest. Then a rate that is high enough, and
    among those the format that costs least; so MJPG is taken where only it is fast enough.
    """
    usable = [mode for mode in modes if mode.fourcc in KNOWN_FORMATS and wish.pixel_format in (AUTO, mode.fourcc)]
    if not usable:
        return None
    size = _best_size({mode.size for mode in usable}, wish.size)
    fitting = [mode for mode in usable if mode.size == size]
    fast = [mode for mode in fitting if mode.rate_hz >= ENOUGH_RATE * wish.rate_hz]
    if fast:
        return min(fast, key=lambda mode: (KNOWN_FORMATS.index(mode.fourcc), abs(mode.rate_hz - wish.rate_hz)))
    return max(fitting, key=lambda mode: (mode.rate_hz, -KNOWN_FORMATS.index(mode.fourcc)))


def summary(modes: Sequence[CameraMode]) -> list[str]:
    """One line for each usable pixel format and size: `MJPG 1280x720 at 30, 15 a second`."""
    usable = (mode for mode in modes if mode.fourcc in KNOWN_FORMATS)
    known = sorted(usable, key=lambda mode: (mode.fourcc, mode.size.width_px, mode.size.height_px, -mode.rate_hz))
    return [
        f"{fourcc} {size} at {', '.join(f'{mode.rate_hz:.4g}' for mode in group)} a second"
        for (fourcc, size), group in groupby(known, key=lambda mode: (mode.fourcc, mode.size))
    ]


def _best_size(sizes: set[Size], wished: Size) -> Size:
    def pixels(size: Size) -> int:
        return size.width_px * size.height_px

    holding = [size for size in sizes if size.width_px >= wished.width_px and size.height_px >= wished.height_px]
    return min(holding, key=pixels) if holding else max(sizes, key=pixels)
