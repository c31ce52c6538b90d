"""Heads that turn and nod: how far, as the depths of a face's keypoints tell, and how much further is asked. NumPy."""

import math

import numpy as np

from realtime.frames import Keypoints, Motion, Tensor
from realtime.parts import Parts
from realtime.similarity import complex_of, spread_of

# The networks show this much less of what they are asked to turn and to nod (docs/decisions/078).
TURN_ASKED, NOD_ASKED = 1.25, 1.4
# Sine of the angle up to which more is asked: what a head hides that turns further is not in the portrait.
FURTHEST = 0.25


def turned_further(motion: Motion, portrait: Keypoints, parts: Parts) -> Motion:
    """motion, with the face turning to the side and nodding further from how the portrait looks.

    At rest the same, to the last bit; and where the bundle tells no depths, or nothing of the face but its mouth.
    """
    if not parts.rigid.any():
        return motion
    resting, mean, rigid = portrait.mean[parts.face], motion.target.mean.copy(), parts.rigid
    depth = spread_of(resting) * (parts.depths - parts.depths[rigid].mean())
    turn = _turn((mean[parts.face] - resting)[rigid], resting[rigid], depth[rigid])
    mean[parts.face, 0] += (TURN_ASKED - 1) * FURTHEST * math.tanh(turn.real / FURTHEST) * depth
    mean[parts.face, 1] += (NOD_ASKED - 1) * FURTHEST * math.tanh(turn.imag / FURTHEST) * depth
    return Motion(Keypoints(mean, motion.target.covariance))


def _turn(way: Tensor, resting: Tensor, depth: Tensor) -> complex:
    """The sines by which points [n, 2] turned (real) and nodded (imaginary) on their way; `depth` [n] has no mean.

    To the first order, what turns moves to the side by its depth. As complex numbers, way = shift + change * resting +
    turn * depth: a change of size and a turn in the picture's plane are another factor. By least squares.
    """
    moved, place = complex_of(way), complex_of(resting)
    place -= place.mean()
    size, both = float(np.vdot(place, place).real), complex(np.vdot(depth, place))
    own = size * float(depth @ depth) - abs(both) ** 2
    return (size * complex(np.vdot(depth, moved)) - both * complex(np.vdot(place, moved))) / max(own, 1e-12)
