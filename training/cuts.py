"""Finds where one shot ends and the next begins: a change between two frames that stands out from its neighbours.

Hard cuts only. PySceneDetect does more, but requires opencv-python, which overwrites this project's headless OpenCV.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.clips import Pixels

THUMBNAIL_PX = 64
# Of a change, as a share of full scale, and against the mean of its neighbours: all frames of a lively shot change.
SMALLEST_CHANGE = 0.02
SMALLEST_RATIO = 4.0
NEIGHBOURS = 4


def thumbnail(pixels: Pixels) -> Pixels:
    """What changes are measured on, [64, 64, 3]."""
    return np.asarray(cv2.resize(pixels, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA), np.uint8)


def change(one: Pixels, other: Pixels) -> float:
    """Mean absolute difference of two thumbnails in [0, 1]."""
    return float(cv2.absdiff(one, other).mean()) / 255


def find_cuts(changes: NDArray[np.float64]) -> list[int]:
    """Indices of the frames that begin a new shot; `changes[i]` is that from frame i - 1 to frame i."""
    return [index for index, value in enumerate(changes) if value >= SMALLEST_CHANGE and _stands_out(changes, index)]


def _stands_out(changes: NDArray[np.float64], index: int) -> bool:
    around = np.concatenate([changes[max(0, index - NEIGHBOURS) : index], changes[index + 1 : index + 1 + NEIGHBOURS]])
    return changes[index] >= SMALLEST_RATIO * (around.mean() if len(around) else 0.0)
