"""The shift, turn and scale that best carries one set of points onto another: what of a face's motion is the head's."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from realtime.frames import Keypoints, Tensor
from realtime.parts import Parts

SMALLEST_SPREAD = 1e-4
SMALLEST_SIZE_RATIO = 0.5  # below it the two do not show a face in like ways


@dataclass(frozen=True, slots=True)
class Similarity:
    """z -> turn (z - origin) + place, with points as complex numbers x + iy; turn holds rotation and scale."""

    turn: complex
    origin: complex
    place: complex

    def applied(self, points: Tensor) -> Tensor:
        """Where points [k, 2] go."""
        moved = self.turn * (complex_of(points) - self.origin) + self.place
        return np.stack([moved.real, moved.imag], axis=1).astype(np.float32)


def fitted_similarity(points: Tensor, onto: Tensor) -> Similarity:
    """The similarity that carries points [k, 2] nearest to onto [k, 2], by least squares."""
    here, there = complex_of(points), complex_of(onto)
    origin, place = middle_of(here), middle_of(there)
    about = here - origin
    turn = np.vdot(about, there - place) / max(np.vdot(about, about).real, 1e-12)
    return Similarity(complex(turn), complex(origin), complex(place))


def spread_of(points: Tensor) -> float:
    """Root mean square distance of points [k, 2] from their middle."""
    about = points - middle_of(points)
    return float(np.sqrt(np.vdot(about, about) / len(about)))


@lru_cache(maxsize=4)
def shrinking(own: Keypoints, other: Keypoints, parts: Parts) -> np.float32:
    """By how much ways of the face `other` shrink on the face `own`: none where it is the larger."""
    spreads = [max(spread_of(points.mean[parts.face]), SMALLEST_SPREAD) for points in (own, other)]
    ratio = spreads[0] / spreads[1]
    return np.float32(np.clip(ratio, SMALLEST_SIZE_RATIO, 1))


def middle_of(points: np.ndarray) -> np.ndarray:
    """The mean of points [k, ...]; NumPy's own takes twice as long for so few."""
    return np.asarray(np.add.reduce(points) / len(points))


def complex_of(points: Tensor) -> NDArray[np.complex128]:
    """Points [k, 2] as numbers x + iy."""
    return points[:, 0].astype(np.float64) + 1j * points[:, 1].astype(np.float64)
