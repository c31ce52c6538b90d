"""Picture files: reading them whatever their kind, and making them smaller."""

from pathlib import Path

import cv2
import numpy as np

from realtime.errors import SourceError
from realtime.frames import Background, Pixels, Size, Tensor

LARGEST_PIXELS = 100_000_000  # a picture that unpacks to more is refused
JPEG_START = b"\xff\xd8"
OPAQUE = {"uint8": 255, "uint16": 65535}
BARE = Background()
GREY = (96, 96, 96)


def read_picture(path: Path) -> Pixels:
    """[h, w, 3] uint8 RGB; what is transparent is grey. Raises SourceError for what cannot be read or is no picture."""
    pixels, opacity = read_layers(path)
    return pixels if opacity is None else laid_over(pixels, opacity, BARE)


def read_layers(path: Path) -> tuple[Pixels, Tensor | None]:
    """Colours [h, w, 3] uint8 RGB, and opacity [h, w, 1] in [0, 1] where the file tells it. Raises SourceError."""
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be read ({error.strerror})", hint="name a picture file, e.g. --source me.jpg"
        ) from None
    pixels = _decoded(data)
    if pixels is None:
        raise SourceError(f"{path}: not a picture this program can read", hint="use a JPEG, PNG or WebP file")
    pixels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
    return pixels, _opacity(data)


def middle_for(pixels: Pixels, size: Size) -> Pixels:
    """The largest part in the middle of pixels that has size's proportions; shares memory with pixels."""
    height, width = pixels.shape[:2]
    scale = max(size.width_px / width, size.height_px / height)
    across, down = min(width, round(size.width_px / scale)), min(height, round(size.height_px / scale))
    left, top = (width - across) // 2, (height - down) // 2
    return pixels[top : top + down, left : left + across]


def shrunk(pixels: Pixels, longest_px: int) -> Pixels:
    """pixels, made smaller where a side is longer than longest_px."""
    scale = longest_px / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _decoded(data: "np.ndarray") -> Pixels | None:
    try:
        pixels = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error:  # a picture so large that OpenCV refuses it
        return None
    if pixels is None or pixels.shape[0] * pixels.shape[1] > LARGEST_PIXELS:
        return None
    return np.asarray(pixels, np.uint8)


def _opacity(data: "np.ndarray") -> Tensor | None:
    """[h, w, 1] in [0, 1] where a picture that could be decoded tells it; None where all of it is opaque."""
    if data[: len(JPEG_START)].tobytes() == JPEG_START:
        return None
    pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    largest = None if pixels is None else OPAQUE.get(pixels.dtype.name)
    if pixels is None or largest is None or pixels.ndim != 3 or pixels.shape[2] != 4:
        return None
    return np.asarray(pixels[..., 3:], np.float32) / np.float32(largest)


def laid_over(pixels: Pixels, opacity: Tensor, ground: Background) -> Pixels:
    """What opacity [h, w, 1] leaves of pixels [h, w, 3], before ground: [h, w, 3]; grey where that names nothing."""
    height, width = pixels.shape[:2]
    below = ground_for(ground, height, width)
    below = np.full_like(pixels, GREY) if below is None else below
    return np.asarray(np.rint(pixels * opacity + below * (1 - opacity)), np.uint8)


def ground_for(ground: Background, height: int, width: int) -> Pixels | None:
    """The picture or colour that ground names, [height, width, 3]; None where it names neither."""
    if ground.picture is not None:
        part = middle_for(ground.picture, Size(width, height))
        return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return None if ground.colour is None else np.full((height, width, 3), ground.colour, np.uint8)
