"""A face made of numbers: landmarks that turn and open as told, and tools that read them back from pictures."""

import numpy as np
from numpy.typing import NDArray

from training.clips import Pixels
from training.evaluate.face_signals import BROWS, EYE_CENTRES, LIDS, LIPS
from training.evaluate.faces import LANDMARKS, Embedding, Landmarks


def face(
    yaw: float = 0, pitch: float = 0, roll: float = 0, mouth: float = 0, eyes: float = 1, gaze: float = 0
) -> Landmarks:
    """Points [478, 3] of a head of about 100 pixels around (128, 128).

    Angles are in degrees, openings shares; gaze is how many widths of an eye the irises are to the right.
    """
    points = np.random.default_rng(0).uniform(-50, 50, (LANDMARKS, 3)).astype(np.float32)
    for side, (up, low, outer, inner), centre, (brow, _) in zip((-1, 1), LIDS, EYE_CENTRES, BROWS, strict=True):
        points[centre] = (side * 30 + 20 * gaze, -20, 10)
        points[outer], points[inner] = (side * 40, -20, 5), (side * 20, -20, 10)
        points[up], points[low] = (side * 30, -20 - 5 * eyes, 10), (side * 30, -20 + 5 * eyes, 10)
        points[brow] = (side * 30, -35, 10)
    points[LIPS[0]], points[LIPS[1]] = (0, 30 - 12 * mouth, 15), (0, 30 + 12 * mouth, 15)
    return (points @ rotation(yaw, pitch, roll).T + 128).astype(np.float32)


def rotation(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """Turn about the vertical axis, then the horizontal, then the line of sight; degrees."""
    (sy, sp, sr), (cy, cp, cr) = np.sin(np.radians([yaw, pitch, roll])), np.cos(np.radians([yaw, pitch, roll]))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y)


class BrightnessFaces:
    """Face tools that see a mouth as open as a picture is bright, and no face in a black one."""

    def landmarks(self, frames: Pixels, consecutive: bool) -> Landmarks:
        """See FaceTools."""
        return np.stack([self._face(float(frame.mean()) / 255) for frame in frames])

    def embedding(self, frame: Pixels, points: Landmarks) -> Embedding:
        """The mean brightness, in every place."""
        return np.full(128, frame.mean() / 255, np.float32)

    def _face(self, brightness: float) -> Landmarks:
        return face(mouth=brightness) if brightness > 0 else np.full((LANDMARKS, 3), np.nan, np.float32)
