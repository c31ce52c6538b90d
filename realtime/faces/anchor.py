"""How the face ought to be framed, told by its keypoints in every frame, once searches have said what they span."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.frames import Keypoints
from realtime.framing import Crop, crop_around
from realtime.parts import EVERYTHING, Rows

LONGEST_MEMORY = 25  # searches that the relation is averaged over


@dataclass(frozen=True, slots=True, eq=False)
class Gathering:
    """The keypoints in pixels of the picture: their middle, and their mean distance from it.

    The middle is halfway between their mean and the middle of the box around them. When a head turns, the two part to
    either side of where a face detector's box goes: alone, the mean was 3.2 % of the side off, the box's middle 2.4 %,
    halfway 1.8 % (the clip that ships, moved along random paths).
    """

    middle: NDArray[np.float64]
    spread: float


class FaceAnchor:
    """The relation of the crop to the gathering of keypoints, averaged over the detector's searches."""

    def __init__(self) -> None:
        self._relation: NDArray[np.float64] | None = None  # centre minus middle (x, y) and side, in spreads
        self._count = 0

    @property
    def has_settled(self) -> bool:
        """Whether it has seen so many searches that one more tells little."""
        return self._count == LONGEST_MEMORY

    def learn(self, gathering: Gathering, crop: Crop) -> None:
        """Takes in that keypoints gathered so belong to a face framed by crop."""
        offset = (np.array(crop.centre_px) - gathering.middle) / gathering.spread
        relation = np.array([*offset, crop.side_px / gathering.spread])
        self._count = min(self._count + 1, LONGEST_MEMORY)
        known = relation if self._relation is None else self._relation
        self._relation = known + (relation - known) / self._count

    def crop_for(self, gathering: Gathering) -> Crop | None:
        """How a face with these keypoints is framed; None before anything was learnt."""
        if self._relation is None:
            return None
        x, y = gathering.middle + self._relation[:2] * gathering.spread
        return crop_around((float(x), float(y)), float(self._relation[2] * gathering.spread))


def gathered(keypoints: Keypoints, crop: Crop, mirrored: bool, face: Rows = EVERYTHING.face) -> Gathering | None:
    """The face's keypoints found within crop, in pixels of the picture; None where they all fall together."""
    mean = keypoints.mean[face].astype(np.float64)
    if mirrored:
        mean = mean * (-1, 1)
    places = (crop.left_px, crop.top_px) + (mean + 1) / 2 * crop.side_px  # k 2
    middle = (places.mean(axis=0) + (places.min(axis=0) + places.max(axis=0)) / 2) / 2
    spread = float(np.sqrt(((places - middle) ** 2).sum(axis=1).mean()))
    return Gathering(middle, spread) if spread > 1e-3 * crop.side_px else None
