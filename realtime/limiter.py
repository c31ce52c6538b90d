"""The limiter: holds the driver's motion where the portrait can follow it. Pure NumPy."""

import math

import numpy as np

from realtime.frames import Keypoints, Motion, Tensor
from realtime.motion import covariance_towards
from realtime.parts import EVERYTHING, Parts
from realtime.similarity import middle_of, spread_of
from realtime.turning import sine_between

# The portrait follows well what training showed: in 95 % of pairs of frames (every 20th of the 40 validation clips) no
# keypoint of the face was further from its place than this, in spreads.
REACH = 0.74
# Sine of the furthest turn or nod: beyond it far eyes tear in one portrait of four (docs/decisions/083).
TURNING_REACH = 0.45
SMALLEST_SPREAD = 1e-3
KNEE = 0.7  # of the reach; up to here nothing is changed


def range_used(motion: Motion, portrait: Keypoints, parts: Parts = EVERYTHING) -> float:
    """How far the face's keypoints go from their place in the portrait, or turn, as a share of what it can follow.

    0 where the keypoints all fall together: they span nothing to measure by.
    """
    resting, moved = portrait.mean[parts.face], motion.target.mean[parts.face]
    spread = spread_of(resting)
    if spread < SMALLEST_SPREAD:
        return 0.0
    return max(_furthest(moved - resting) / (REACH * spread), _turn_used(motion.target.mean, portrait, parts))


def limited(motion: Motion, portrait: Keypoints, parts: Parts = EVERYTHING) -> Motion:
    """motion within what the portrait can follow."""
    return held_back(motion, portrait, range_used(motion, portrait, parts), parts)


def held_back(motion: Motion, portrait: Keypoints, used: float, parts: Parts) -> Motion:
    """motion that uses so much of its range: unchanged up to a knee, then ever less, the head never beyond its range.

    First what the head does in its place, all of it alike, so that it keeps its shape; then its shift, for which the
    rest leaves room: a driver who leans far still turns and nods, and lips and lids stay as far apart as they are to
    be. What lies beside the face is held back as both are: where a driver's hair swings no portrait may follow.
    """
    if used <= KNEE:
        return motion
    resting, wished = portrait.mean, motion.target.mean
    reach = REACH * spread_of(resting[parts.face])
    moved = wished - resting
    shift = middle_of(moved[parts.face])
    in_place = moved - shift
    own_share = _share(max(_furthest(in_place[parts.face]) / reach, _turn_used(wished, portrait, parts)))
    in_place *= np.float32(own_share)
    room = max(reach * _allowed(_furthest(in_place[parts.face] + shift) / reach), _furthest(in_place[parts.face]))
    shift_share = _share_with_room(shift, in_place[parts.face], room)
    mean = resting + np.float32(own_share * shift_share) * moved
    mean[parts.face] = (resting + in_place + np.float32(shift_share) * shift)[parts.face]
    upper, lower = parts.openings.T
    missing = ((wished[lower] - wished[upper]) - (mean[lower] - mean[upper])) / 2
    mean[upper] -= missing
    mean[lower] += missing
    return Motion(Keypoints(mean, covariance_towards(motion.target.covariance, portrait, own_share)))


def _turn_used(moved: Tensor, portrait: Keypoints, parts: Parts) -> float:
    return sine_between(portrait.mean, moved, parts) / TURNING_REACH


def _furthest(ways: Tensor) -> float:
    return float(np.linalg.norm(ways, axis=1).max())


def _allowed(used: float) -> float:
    """What is left of so much of a range: below 1."""
    return used if used <= KNEE else KNEE + (1 - KNEE) * math.tanh((used - KNEE) / (1 - KNEE))


def _share(used: float) -> float:
    return _allowed(used) / used if used > KNEE else 1.0


def _share_with_room(shift: Tensor, ways: Tensor, room: float) -> float:
    """How much of a shift [2] can be added to ways [n, 2], none of them longer than room, so that none gets longer.

    The largest share, where it meets |way + share * shift| = room first.
    """
    square = float(shift @ shift)
    if square <= 0:
        return 1.0
    along = ways @ shift
    left = room**2 - np.square(ways).sum(axis=1)
    shares = (np.sqrt(np.square(along) + square * left.clip(0)) - along) / square
    return float(shares.min().clip(0, 1))
