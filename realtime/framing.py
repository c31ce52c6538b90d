"""Framing: which square of a picture the model should see, and cutting it out at the model's size."""

from dataclasses import dataclass

import cv2
import numpy as np

from realtime.face_detector import FaceBox
from realtime.frames import Pixels

# The framing the model was trained on: median over the first frames of 160 training clips of the detected face's centre
# and of the square root of its area, as shares of the frame. The face is centred sideways (measured 0.511).
FACE_CENTRE = (0.5, 0.509)
FACE_SIZE = 0.532
# A face whose ideal crop overlaps the picture's own square this much is framed already. Looser pictures are cropped, so
# that the driver's lids and lips fill as many pixels as they did in training.
FRAMED_OVERLAP = 0.8


@dataclass(frozen=True, slots=True)
class Crop:
    """A square of a picture in pixels; it may reach outside the picture."""

    left_px: int
    top_px: int
    side_px: int


def centre_crop(height_px: int, width_px: int) -> Crop:
    """The largest square in the middle of a picture."""
    side_px = min(height_px, width_px)
    return Crop((width_px - side_px) // 2, (height_px - side_px) // 2, side_px)


def face_crop(face: FaceBox, height_px: int, width_px: int) -> Crop:
    """The square that shows face as the training pictures do; the centre square where that is near enough."""
    side_px = max(1, round((face.width_px * face.height_px) ** 0.5 / FACE_SIZE))
    ideal = Crop(
        left_px=round(face.left_px + face.width_px / 2 - FACE_CENTRE[0] * side_px),
        top_px=round(face.top_px + face.height_px / 2 - FACE_CENTRE[1] * side_px),
        side_px=side_px,
    )
    centre = centre_crop(height_px, width_px)
    return centre if _overlap(ideal, centre) >= FRAMED_OVERLAP else ideal


def cut_out(pixels: Pixels, crop: Crop, size_px: int) -> Pixels:
    """[size_px, size_px, 3] uint8: what crop shows of pixels [h, w, 3]; outside the picture its border is repeated."""
    height, width = pixels.shape[:2]
    right, bottom = crop.left_px + crop.side_px, crop.top_px + crop.side_px
    beyond = (max(0, -crop.top_px), max(0, bottom - height), max(0, -crop.left_px), max(0, right - width))
    if any(beyond):
        pixels = np.asarray(cv2.copyMakeBorder(pixels, *beyond, cv2.BORDER_REPLICATE), np.uint8)
    top, left = crop.top_px + beyond[0], crop.left_px + beyond[2]
    square = pixels[top : top + crop.side_px, left : left + crop.side_px]
    if crop.side_px == size_px:
        return np.ascontiguousarray(square)
    smoothing = cv2.INTER_AREA if crop.side_px > size_px else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(square, (size_px, size_px), interpolation=smoothing), np.uint8)


def mirrored(pixels: Pixels) -> Pixels:
    """The picture as a mirror shows it."""
    return np.ascontiguousarray(pixels[:, ::-1])


def _overlap(one: Crop, other: Crop) -> float:
    """Intersection over union of two squares, in [0, 1]."""
    width = min(one.left_px + one.side_px, other.left_px + other.side_px) - max(one.left_px, other.left_px)
    height = min(one.top_px + one.side_px, other.top_px + other.side_px) - max(one.top_px, other.top_px)
    shared = max(0, width) * max(0, height)
    return shared / (one.side_px**2 + other.side_px**2 - shared)
