"""Framing: which square of a picture the model should see, and cutting it out at the model's size."""

from dataclasses import dataclass
from math import ceil, floor

import cv2
import numpy as np

from realtime.faces.detector import FaceBox
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
    """A square of a picture in pixels, of whole ones or parts of them; it may reach outside the picture."""

    left_px: float
    top_px: float
    side_px: float

    @property
    def centre_px(self) -> tuple[float, float]:
        """Its middle, as x and y."""
        return self.left_px + self.side_px / 2, self.top_px + self.side_px / 2

    @property
    def is_whole(self) -> bool:
        """Whether its edges lie between pixels."""
        return all(float(edge).is_integer() for edge in (self.left_px, self.top_px, self.side_px))


def crop_around(centre_px: tuple[float, float], side_px: float) -> Crop:
    """The square of that side about a centre."""
    return Crop(centre_px[0] - side_px / 2, centre_px[1] - side_px / 2, side_px)


def centre_crop(height_px: int, width_px: int) -> Crop:
    """The largest square in the middle of a picture."""
    side_px = min(height_px, width_px)
    return Crop((width_px - side_px) // 2, (height_px - side_px) // 2, side_px)


def face_crop(face: FaceBox, height_px: int, width_px: int) -> Crop:
    """The square of whole pixels that shows face as the training pictures do; the centre square where that is near."""
    exact = ideal_crop(face)
    ideal = Crop(round(exact.left_px), round(exact.top_px), max(1, round(exact.side_px)))
    centre = centre_crop(height_px, width_px)
    return centre if overlap(ideal, centre) >= FRAMED_OVERLAP else ideal


def ideal_crop(face: FaceBox) -> Crop:
    """The square that shows face as the training pictures do."""
    side_px = (face.width_px * face.height_px) ** 0.5 / FACE_SIZE
    return Crop(
        left_px=face.left_px + face.width_px / 2 - FACE_CENTRE[0] * side_px,
        top_px=face.top_px + face.height_px / 2 - FACE_CENTRE[1] * side_px,
        side_px=side_px,
    )


def cut_out(pixels: Pixels, crop: Crop, size_px: int) -> Pixels:
    """[size_px, size_px, 3] uint8: what crop shows of pixels [h, w, 3]; outside the picture its border is repeated."""
    if not crop.is_whole:
        return _cut_between_pixels(pixels, crop, size_px)
    square = _whole_square(pixels, int(crop.left_px), int(crop.top_px), int(crop.side_px))
    if crop.side_px == size_px:
        return np.ascontiguousarray(square)
    smoothing = cv2.INTER_AREA if crop.side_px > size_px else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(square, (size_px, size_px), interpolation=smoothing), np.uint8)


def cut_around(pixels: Pixels, crop: Crop, size_px: int, margin_px: int) -> Pixels:
    """[size_px + 2 margin_px, the same, 3] uint8: what cut_out gives, and on each side so much of what is around it."""
    beyond = round(crop.side_px * margin_px / size_px)
    wide = Crop(crop.left_px - beyond, crop.top_px - beyond, crop.side_px + 2 * beyond)
    around = np.array(cut_out(pixels, wide, size_px + 2 * margin_px))
    inside = slice(margin_px, margin_px + size_px)
    around[inside, inside] = cut_out(pixels, crop, size_px)
    return around


def part_of(pixels: Pixels, crop: Crop, sides: float) -> tuple[Pixels, int, int]:
    """What of pixels lies within so many sides about the crop's centre, shared not copied; its left and top."""
    height, width = pixels.shape[:2]
    x, y = crop.centre_px
    reach = sides * crop.side_px / 2
    left, top = min(width, max(0, floor(x - reach))), min(height, max(0, floor(y - reach)))
    return pixels[top : max(0, ceil(y + reach)), left : max(0, ceil(x + reach))], left, top


def mirrored(pixels: Pixels) -> Pixels:
    """The picture as a mirror shows it."""
    return np.ascontiguousarray(pixels[:, ::-1])


def overlap(one: Crop, other: Crop) -> float:
    """Intersection over union of two squares, in [0, 1]."""
    width = min(one.left_px + one.side_px, other.left_px + other.side_px) - max(one.left_px, other.left_px)
    height = min(one.top_px + one.side_px, other.top_px + other.side_px) - max(one.top_px, other.top_px)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (one.side_px**2 + other.side_px**2 - shared)


def _whole_square(pixels: Pixels, left: int, top: int, side: int) -> Pixels:
    """[side, side, 3]: may share memory with pixels."""
    height, width = pixels.shape[:2]
    beyond = (max(0, -top), max(0, top + side - height), max(0, -left), max(0, left + side - width))
    if any(beyond):
        pixels = np.asarray(cv2.copyMakeBorder(pixels, *beyond, cv2.BORDER_REPLICATE), np.uint8)
    top, left = top + beyond[0], left + beyond[2]
    return pixels[top : top + side, left : left + side]


def _cut_between_pixels(pixels: Pixels, crop: Crop, size_px: int) -> Pixels:
    """cut_out for a crop that moves by parts of a pixel: whole ones would make a slow crop jerk."""
    shrink = int(crop.side_px / size_px)
    if shrink >= 2:  # averaged to less than twice the size first: between pixels only four are mixed
        left, top = floor(crop.left_px), floor(crop.top_px)
        cells = ceil((crop.side_px + 1) / shrink) + 1
        square = _whole_square(pixels, left, top, cells * shrink)
        pixels = np.asarray(cv2.resize(square, (cells, cells), interpolation=cv2.INTER_AREA), np.uint8)
        crop = Crop((crop.left_px - left) / shrink, (crop.top_px - top) / shrink, crop.side_px / shrink)
    scale = crop.side_px / size_px
    # Middles of pixels meet: x_in + 1/2 = left + (x_out + 1/2) scale.
    matrix = np.array(
        [[scale, 0, crop.left_px + scale / 2 - 0.5], [0, scale, crop.top_px + scale / 2 - 0.5]], np.float64
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(pixels, matrix, (size_px, size_px), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
