"""Keypoints of a made-up face, and what a driver does with it: for calibration, gain and limiter."""

import numpy as np

from realtime.frames import Keypoints, Tensor
from realtime.parts import PartName, Parts
from realtime.similarity import spread_of

# Lids, brows, mouth, nose, jaw: x and y in [-1, 1].
FACE: Tensor = np.array(
    [
        *[(-0.22, -0.15), (0.22, -0.15), (-0.22, -0.07), (0.22, -0.07), (-0.25, -0.33), (0.25, -0.33)],
        *[(-0.16, 0.34), (0.16, 0.34), (0.0, 0.33), (0.0, 0.38), (0.0, 0.58)],
        *[(0.0, 0.18), (-0.48, -0.03), (0.48, -0.03)],
    ],
    np.float32,
)
OPENINGS = ((0, 2), (1, 3), (8, 9))
UPPER_LIDS, MOUTH, NOSE = [0, 1], [6, 7, 8, 9, 10], 11
ROWS: dict[PartName, tuple[int, ...]] = {
    "face": tuple(range(len(FACE))),
    "mouth": tuple(MOUTH),
    "eyes": (0, 1, 2, 3, 4, 5),
}
PARTS = Parts.named(ROWS, OPENINGS)
# How far they lie towards the viewer, in spreads of the face; WAYS are those of a turn by a sine of 1.
DEPTHS = (0.05, 0.05, 0.04, 0.04, 0.14, 0.14, 0.05, 0.05, 0.33, 0.28, 0.03, 0.7, -1.05, -1.05)
WITH_DEPTHS = Parts.named(ROWS, OPENINGS, DEPTHS)
WAYS: Tensor = (spread_of(FACE) * np.array(DEPTHS)).astype(np.float32)
MIRRORS = ((0, 1), (2, 3), (4, 5), (6, 7), (12, 13))
WITH_MIRRORS = Parts.named(ROWS, OPENINGS, DEPTHS, MIRRORS)
RATE_HZ = 30


def face(
    *,
    shift: tuple[float, float] = (0.0, 0.0),
    scale: float = 1.0,
    lids: float = 0.0,
    jaw: float = 0.0,
    noise: float = 0.0,
    seed: int = 0,
) -> Keypoints:
    """The face moved: lids fallen and jaw opened by so much, noise as of a detector."""
    mean = FACE.copy()
    mean[UPPER_LIDS, 1] += lids
    mean[[9, 10], 1] += jaw
    mean = mean * scale + np.array(shift)
    mean = mean + np.random.default_rng(seed).normal(0, noise, mean.shape)
    return Keypoints(mean.astype(np.float32), np.tile(0.01 * np.eye(2, dtype=np.float32), (len(FACE), 1, 1)))


def with_shoulders(points: Keypoints, shift: tuple[float, float] = (0.0, 0.0)) -> Keypoints:
    """A face with two keypoints of the body below it, moved by so much."""
    shoulders = (np.array([(-0.8, 0.9), (0.8, 0.9)]) + shift).astype(np.float32)
    covariance = np.concatenate([points.covariance, points.covariance[:2]])
    return Keypoints(np.concatenate([points.mean, shoulders]), covariance)


SHOULDERS = [len(FACE), len(FACE) + 1]
