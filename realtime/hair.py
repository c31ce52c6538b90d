"""The outline of a portrait's hair and neck, as its head moves. Pure NumPy."""

import numpy as np

from realtime.frames import Keypoints, Motion, Tensor
from realtime.heading import across_of
from realtime.parts import Parts
from realtime.similarity import complex_of, fitted_similarity, middle_of, spread_of
from realtime.turning import turn_between

# Of what the outline of the driver's hair does beside the head: that of the portrait's is another (docs/decisions/085).
HAIR_FOLLOWS = 0.5


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

    An outline is not one point of a head: seen from elsewhere, another lies on it. So its depths differ. Of hair that
    comes out behind a face, none of what goes in behind it: no keypoint tells what lies above, and it stood out there
    (docs/decisions/096).
    """
    across = across_of(portrait, parts)
    turn = turn_between(portrait.mean, mean, parts) * across.conjugate()
    own, (aside, down) = portrait.mean, parts.hair_depths.T
    place = (complex_of(own[parts.hair] - middle_of(own[parts.face])) * across.conjugate()).real
    outwards = np.where(aside * turn.real * place > 0, aside * turn.real, 0)
    way = (outwards + 1j * down * turn.imag) * across * spread_of(own[parts.face])
    return np.stack([way.real, way.imag], axis=1).astype(np.float32)
