"""Heads that turn and nod: how far, as the depths of a face's keypoints tell, and how much further is asked. NumPy."""

import math

import numpy as np
from numpy.typing import NDArray

from realtime.frames import Keypoints, Motion, Tensor
from realtime.heading import Head, tells_heads
from realtime.parts import Parts
from realtime.similarity import complex_of, middle_of, spread_of

# The networks show this much less of what they are asked to turn and to nod (docs/decisions/078).
TURN_ASKED, NOD_ASKED = 1.25, 1.6
# Sine of the angle up to which more is asked: what a head hides that turns further is not in the portrait.
FURTHEST = 0.25
SMALLEST_SIZE = 0.1  # of a face that has turned, in those of the resting one: smaller is none


def turned_further(motion: Motion, portrait: Keypoints, parts: Parts) -> Motion:
    """motion, with the face turning to the side and nodding further from how the portrait looks.

    At rest the same, to the last bit; and where the bundle tells no depths, or nothing of the face but its mouth.
    """
    if not parts.rigid.any():
        return motion
    resting, mean = portrait.mean[parts.face], motion.target.mean.copy()
    depth = _depth(resting, parts)
    _, turn = _fit(mean[parts.face] - resting, resting, depth, parts.rigid)
    mean[parts.face, 0] += (TURN_ASKED - 1) * FURTHEST * math.tanh(turn.real / FURTHEST) * depth
    mean[parts.face, 1] += (NOD_ASKED - 1) * FURTHEST * math.tanh(turn.imag / FURTHEST) * depth
    return Motion(Keypoints(mean, motion.target.covariance))


def sine_between(resting: Tensor, moved: Tensor, parts: Parts) -> float:
    """The sine of the angle by which a face [k, 2] is turned or nods from how it rests; 0 without depths.

    Whatever the place, the size and the turn in the picture's plane of either.
    """
    if not parts.rigid.any():
        return 0.0
    way, resting = (moved - resting)[parts.face], resting[parts.face]
    return _sine(*_fit(way, resting, _depth(resting, parts), parts.rigid))


def turn_between(resting: Tensor, moved: Tensor, parts: Parts) -> complex:
    """By how much a face [k, 2] turned to the side, and nodded: the imaginary part; 0 without depths.

    Sines, times what the face has grown; to the first order, whatever its place, size and turn in the picture's plane.
    """
    if not parts.rigid.any():
        return 0j
    way, resting = (moved - resting)[parts.face], resting[parts.face]
    return _fit(way, resting, _depth(resting, parts), parts.rigid)[1]


def turned_back(moved: Tensor, resting: Tensor, parts: Parts, furthest: float) -> Tensor:
    """`moved` [k, 2], its face no further turned from `resting` than by the sine `furthest`; itself where it is not."""
    if not parts.rigid.any():
        return moved
    way, resting = (moved - resting)[parts.face], resting[parts.face]
    depth = _depth(resting, parts)
    resized, turn = _fit(way, resting, depth, parts.rigid)
    sine = _sine(resized, turn)
    if sine <= furthest:
        return moved
    by = turn * (1 - furthest / sine)
    back = moved.copy()
    back[parts.face, 1] -= (by.imag * depth).astype(np.float32)
    if tells_heads(parts):
        head = Head.seen(moved, parts)
        back[parts.face] += head.along(head.turned_by(head.angle_of(-by.real / _resized(resized))))
    else:
        back[parts.face, 0] -= (by.real * depth).astype(np.float32)
    return back


def _sine(resized: complex, turn: complex) -> float:
    return abs(turn) / _resized(resized)


def _resized(resized: complex) -> float:
    return max(abs(1 + resized), SMALLEST_SIZE)


def _depth(resting: Tensor, parts: Parts) -> Tensor:
    """[face]: how far keypoints lie towards the viewer of the rigid ones' middle, as far as `resting` is wide."""
    return spread_of(resting) * (parts.depths - parts.depths[parts.rigid].mean())


def _fit(way: Tensor, resting: Tensor, depth: Tensor, rigid: NDArray[np.bool_]) -> tuple[complex, complex]:
    """What keypoints of the face [n, 2] did on their way: the change of size and turn in the picture, and the turn.

    To the first order, what turns moves to the side by its depth. As complex numbers, way = shift + change * resting +
    turn * depth: the turn's real part goes to the side, the imaginary one nods. By least squares over rigid keypoints.
    """
    depth, moved, place = depth[rigid], complex_of(way[rigid]), complex_of(resting[rigid])
    place -= middle_of(place)
    size, both = float(np.vdot(place, place).real), complex(np.vdot(depth, place))
    own = size * float(depth @ depth) - abs(both) ** 2
    along, deep = complex(np.vdot(place, moved)), complex(np.vdot(depth, moved))
    turn = (size * deep - both * along) / max(own, 1e-12)
    return (along - turn * both.conjugate()) / max(size, 1e-12), turn
