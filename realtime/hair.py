"""The outline of a portrait's hair and neck, as its head moves. Pure NumPy."""

import numpy as np

from realtime.frames import Keypoints, Motion, Tensor
from realtime.heading import across_of
from realtime.parts import Parts
from realtime.similarity import SMALLEST_SPREAD, complex_of, fitted_similarity, middle_of, spread_of
from realtime.turning import turn_between

# Of what the outline of the driver's hair does beside the head: that of the portrait's is another (docs/decisions/085).
HAIR_FOLLOWS = 0.5
BESIDE = 0.5  # spreads: so far from a face's middle hair is to one side of it


def with_own_hair(motion: Motion, portrait: Keypoints, parts: Parts) -> Motion:
    """motion, with the outline of the hair nearer to where the head takes the portrait's own.

    That is by the head's shift, turn and scale in the picture and, where the bundle tells how deep hair lies, as it
    turns to the side and nods. At rest the same, to the last bit; and where the bundle tells of no hair.
    """
    head, hair = parts.head, parts.hair
    own, mean = portrait.mean, motion.target.mean
    if not len(own[hair]):
        return motion
    carried = own[hair]
    if not np.array_equal(mean[head], own[head]):
        carried = fitted_similarity(own[head], mean[head]).applied(carried)
        carried += _turned(mean, portrait, parts)
    moved = mean.copy()
    moved[hair] += np.float32(1 - HAIR_FOLLOWS) * (carried - mean[hair])
    return Motion(Keypoints(moved, motion.target.covariance))


def _turned(mean: Tensor, portrait: Keypoints, parts: Parts) -> Tensor:
    """[hair, 2]: how far the outline goes as a face turns and nods to `mean`, along and across the head as it is held.

    An outline is not one point of a head: seen from elsewhere, another lies on it. So its depths differ. Only hair that
    comes out beside a face goes aside, none that goes in behind it: no keypoint tells what lies above, and it stood out
    there (docs/decisions/096).
    """
    across = across_of(portrait, parts)
    turn = turn_between(portrait.mean, mean, parts) * across.conjugate()
    own, (deep_aside, deep_down) = portrait.mean, parts.hair_depths.T
    spread = max(spread_of(own[parts.face]), SMALLEST_SPREAD)
    beside = (complex_of(own[parts.hair] - middle_of(own[parts.face])) * across.conjugate()).real / (BESIDE * spread)
    aside = deep_aside * turn.real
    coming_out = (1 + np.sign(aside) * beside.clip(-1, 1)) / 2
    way = spread * (coming_out * aside + 1j * deep_down * turn.imag) * across
    return np.stack([way.real, way.imag], axis=1).astype(np.float32)
