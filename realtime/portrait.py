"""The portrait: reads a picture file and cuts out what the model should see."""

from pathlib import Path

import cv2
import numpy as np

from realtime.errors import SourceError
from realtime.face_detector import FaceDetector
from realtime.frames import Pixels
from realtime.framing import Crop, centre_crop, cut_out, face_crop

SMALLEST_SIDE_PX = 64


def read_portrait(path: Path) -> Pixels:
    """[h, w, 3] uint8 RGB. Raises SourceError if path is missing, no picture, or under 64 pixels on a side."""
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be read ({error.strerror})", hint="name a picture file with --source, e.g. --source me.jpg"
        ) from None
    pixels = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if pixels is None:
        raise SourceError(f"{path}: not a picture this program can read", hint="use a JPEG, PNG or WebP file")
    height, width = pixels.shape[:2]
    if min(height, width) < SMALLEST_SIDE_PX:
        raise SourceError(
            f"{path}: {width}x{height} pixels, at least {SMALLEST_SIDE_PX}x{SMALLEST_SIDE_PX} are needed",
            hint="use a larger picture of the face",
        )
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


def frame_portrait(pixels: Pixels, size_px: int, detector: FaceDetector | None) -> Pixels:
    """[size_px, size_px, 3] uint8: the face in the training framing; the centre square where detector is None.

    Raises SourceError if no face is found.
    """
    return cut_out(pixels, _portrait_crop(pixels, detector), size_px)


def _portrait_crop(pixels: Pixels, detector: FaceDetector | None) -> Crop:
    height, width = pixels.shape[:2]
    if detector is None:
        return centre_crop(height, width)
    faces = detector.detect(pixels)
    if not faces:
        raise SourceError(
            "no face found in the source picture",
            hint="use a picture that shows one face from the front, or pass --crop none to use its centre square",
        )
    return face_crop(faces[0], height, width)
