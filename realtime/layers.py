"""A portrait's person and what is behind it, apart: the one moves, and what it drags along beside it is not shown.

A network's motion fades out beside a head over some pixels. What is read there is stretched: lines behind the head
bend, and where it has gone, hair is left (docs/decisions/092).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar, cast

import cv2
import numpy as np

from realtime.frames import Pixels, Tensor

SURE = 5  # cells of the motion: inside the person by two of them, it moves as the person does
NEAR, FAR = 1.0, 3.0  # how softly that motion is continued beside the person, in quarters of the motion's side
FAR_WEIGHT, TINY = 1e-2, 1e-6
COVER = 11  # pixels: edges, and hair of which no mask knows, belong to the person so far
COVER_SOFTNESS = 3  # pixels over which that ends
STILL_PX, MOVED_PX = 1.0, 3.0  # between these a place begins to count as moved

Grid = TypeVar("Grid", Pixels, Tensor)


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """opacity [s, s], 255 where the person is, and the ground [s, s, 3] behind, whole and without the person."""

    opacity: Pixels
    ground: Pixels

    @property
    def size_bytes(self) -> int:
        """Memory they take."""
        return self.opacity.nbytes + self.ground.nbytes


def ground_share(displacement: Tensor, layers: Layers) -> Tensor:
    """[s, s] in [0, 1]: how much of each place shows the ground, since the motion has dragged something along there.

    displacement [h, h, 2]: how far from each place the portrait was read, in [-1, 1]. 0 wherever nothing has moved.
    """
    size, cells = len(layers.opacity), len(displacement)
    seen = moved_by(displacement, resized(layers.opacity, cells, cv2.INTER_AREA)).astype(np.float32) / np.float32(255)
    persons = _persons_motion(displacement, seen)
    covered = cv2.dilate(moved_by(persons, layers.opacity), np.ones((COVER, COVER), np.uint8))
    covered = cv2.blur(covered, (COVER_SOFTNESS, COVER_SOFTNESS))
    # Where the person has left, its old picture may be read from the very place.
    dragged = np.maximum(seen * _moved(persons, size), _moved(displacement, size))
    return np.asarray(resized(dragged, size) * ((255 - covered) * np.float32(1 / 255)), np.float32)


def composed(picture: Pixels, layers: Layers, share: Tensor) -> Pixels:
    """`picture` [s, s, 3] as it was painted, with the ground for its share [s, s] of each place."""
    return np.asarray(cv2.blendLinear(layers.ground, picture, share, 1 - share), np.uint8)


def _moved(displacement: Tensor, size: int) -> Tensor:
    """How much each place of [h, h, 2] counts as moved in a picture of `size`: [h, h] in [0, 1]."""
    way_px = np.hypot(displacement[..., 0], displacement[..., 1]) * np.float32(size / 2)
    return np.asarray(((way_px - STILL_PX) / (MOVED_PX - STILL_PX)).clip(0, 1), np.float32)


def _persons_motion(displacement: Tensor, seen: Tensor) -> Tensor:
    """The displacement [h, h, 2] of the person, `seen` [h, h], continued beside it as if it filled the picture."""
    inside = cv2.erode((seen > 0.5).astype(np.float32), np.ones((SURE, SURE), np.uint8))
    known = np.dstack([displacement * inside[..., None], inside])
    quarter = resized(known, len(known) // 4, cv2.INTER_AREA)
    near, far = (
        cv2.GaussianBlur(quarter, (0, 0), softness, borderType=cv2.BORDER_REPLICATE) for softness in (NEAR, FAR)
    )
    soft = resized(near + FAR_WEIGHT * far, len(known))
    continued = soft[..., :2] / (soft[..., 2:] + TINY)
    return np.asarray(continued + inside[..., None] * (displacement - continued), np.float32)


def moved_by(displacement: Tensor, picture: Grid) -> Grid:
    """`picture` [n, n, ...] read as far from each place as displacement [h, h, 2] says; its border repeats."""
    size = len(picture)
    x, y = (
        cv2.scaleAdd(resized(way, size), size / 2, places)
        for way, places in zip(cv2.split(displacement), _places(size), strict=True)
    )
    moved = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cast(Grid, moved)


@lru_cache(maxsize=8)
def _places(size: int) -> tuple[Tensor, Tensor]:
    """[size, size]: every pixel's own x, and y."""
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    return columns, rows


def resized(picture: "np.ndarray", size: int, interpolation: int = cv2.INTER_LINEAR) -> "np.ndarray":
    """`picture` [n, n, ...] as [size, size, ...]."""
    return np.asarray(cv2.resize(picture, (size, size), interpolation=interpolation))
