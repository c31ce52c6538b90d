"""Picture files: reading them whatever their kind, and making them smaller."""

from pathlib import Path

import cv2
import numpy as np

from realtime.errors import SourceError
from realtime.frames import Pixels

LARGEST_PIXELS = 100_000_000  # a picture that unpacks to more is refused


def read_picture(path: Path) -> Pixels:
    """[h, w, 3] uint8 RGB. Raises SourceError if path cannot be read or holds no picture."""
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be read ({error.strerror})", hint="name a picture file, e.g. --source me.jpg"
        ) from None
    pixels = _decoded(data)
    if pixels is None:
        raise SourceError(f"{path}: not a picture this program can read", hint="use a JPEG, PNG or WebP file")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


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
