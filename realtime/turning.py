"""Heads that turn and nod: how far, as the depths of a face's keypoints tell, and how much further is asked. NumPy."""

import numpy as np

from realtime.frames import Keypoints, Motion, Tensor
from realtime.parts import Parts
from realtime.similarity import spread_of

# The networks show this much less of what they are asked to turn and to nod (docs/decisions/078).
TURN_ASKED, NOD_ASKED = 1.25, 1.4
# Sine of the angle up to which more is asked: what a head hides that turns further is not in the portrait.
FURTHEST = 0.25


def turned_further(motion: Motion, portrait: Keypoints, parts: Parts) -> Motion:
    """motion, with the face turning to the side and nodding further from how the portrait looks.

    At rest the same, to the last bit; and where the bundle tells no depths.
    """
    if not len(parts.depths):
        return motion
    rows = np.arange(len(portrait.mean))
    face = rows[parts.face]
    # Speech moves the mouth as a nod would.
    rigid = ~np.isin(face, rows[parts.mouth])
    resting = portrait.mean[face]
    depth = spread_of(resting) * (parts.depths - parts.depths[rigid].mean())
    way = motion.target.mean[face] - resting
    turn, nod = _turn_and_nod((resting - resting[rigid].mean(axis=0))[rigid], way[rigid], depth[rigid])
    mean = motion.target.mean.copy()
    mean[face, 0] += (TURN_ASKED - 1) * FURTHEST * np.tanh(turn / FURTHEST) * depth
    mean[face, 1] += (NOD_ASKED - 1) * FURTHEST * np.tanh(nod / FURTHEST) * depth
    return Motion(Keypoints(mean, motion.target.covariance))


def _turn_and_nod(resting: Tensor, way: Tensor, depth: Tensor) -> tuple[float, float]:
    """Sines of the angles by which points [n, 2], `depth` [n] towards the viewer, turned and nodded on their `way`.

    Beside them a shift, a turn in the picture and a change of size, all together by least squares: to the first order,
    a point that turns moves to the side by its depth.
    """
    (x, y), zero, one = resting.T, np.zeros(len(resting)), np.ones(len(resting))
    sideways, upright = (one, zero, x, -y, depth, zero), (zero, one, y, x, zero, depth)
    motions = np.concatenate([np.stack(sideways, axis=1), np.stack(upright, axis=1)])
    *_, turn, nod = np.linalg.lstsq(motions, way.T.ravel(), rcond=None)[0]
    return float(turn), float(nod)
