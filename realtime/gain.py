"""How much of the driver's motion the portrait makes: overall, of the head, of mouth and eyes. Pure NumPy."""

from dataclasses import dataclass

import numpy as np

from realtime.eyes import eyes_together
from realtime.frames import Keypoints, Motion, Tensor
from realtime.hair import with_own_hair
from realtime.heading import as_held
from realtime.motion import covariance_towards, relative_motion
from realtime.parts import EVERYTHING, Parts
from realtime.resting import RESTING_LIDS, UPPER_LID_SHARE, UPPER_LIP_SHARE
from realtime.similarity import SMALLEST_SPREAD, fitted_similarity, spread_of
from realtime.turning import turned_further

# The networks show this much less of what lips and lids are asked to do (docs/decisions/074).
LIPS_ASKED, LIDS_ASKED = 1.2, 1.3
STARING = 0.4  # of how far apart lids are at rest: so much further they open at most
GAPING = 0.55  # spreads that lips open further at most: of 150 mouths that training showed one is wider
# The first three pixels' way of lips that touch does not show. So they are asked to go so many spreads further, as soon
# as they have gone the second, and ever less on the scale of the third (docs/decisions/104).
CLINGING, CLINGING_FROM, CLINGING_TO = 0.08, 0.025, 0.12
TOUCHING, PARTED = 0.06, 0.1  # spreads between lips: found to be less, nearly all touch; found to be more, hardly any


@dataclass(frozen=True, slots=True)
class Gains:
    """1 is the driver's own; 0 is none."""

    overall: float = 1.0
    head: float = 1.0
    mouth: float = 1.0
    eyes: float = 1.0


PLAIN = Gains()


def with_gain(motion: Motion, portrait: Keypoints, gains: Gains, parts: Parts = EVERYTHING) -> Motion:
    """motion, made larger or smaller about the portrait at rest. With plain gains the same, to the last bit.

    The head's part is the shift, turn and scale nearest to the face's whole motion; what is left is expression. What
    lies beside the face has the overall gain alone.
    """
    if gains == PLAIN:
        return motion
    target = motion.target
    face = parts.face
    headed = fitted_similarity(portrait.mean[face], target.mean[face]).applied(portrait.mean)
    expression = (target.mean - headed) * _of_parts(len(headed), gains, parts)[:, None]
    moved = target.mean - portrait.mean
    moved[face] = (gains.head * (headed - portrait.mean) + expression)[face]
    mean = (portrait.mean + gains.overall * moved).astype(np.float32)
    return Motion(Keypoints(mean, covariance_towards(target.covariance, portrait, gains.overall)))


def followed(driving: Keypoints, portrait: Keypoints, neutral: Keypoints, parts: Parts) -> Motion:
    """What a call shows: relative motion as the portrait's head makes it, more of it asked where networks show less."""
    motion = as_held(relative_motion(driving, portrait, neutral, parts), driving, portrait, neutral, parts)
    for step in (eyes_together, with_own_hair, asked_for_more, turned_further):
        motion = step(motion, portrait, parts)
    return motion


def asked_for_more(motion: Motion, portrait: Keypoints, parts: Parts) -> Motion:
    """motion, with lips and lids going further from where the portrait has them, at most until they close.

    What comes out then goes about as far as the driver's: lips that touch part when the driver's do. But lids are never
    further apart than eyes that stare, and lips than mouths that gape: beyond that irises and chins stretch. At rest
    the same, to the last bit.
    """
    upper, lower = parts.openings.T
    of_lips = np.isin(upper, parts.lips)
    mean = motion.target.mean.copy()
    apart = mean[lower] - mean[upper]
    width = np.linalg.norm(apart, axis=1)
    own = np.linalg.norm(portrait.mean[lower] - portrait.mean[upper], axis=1)
    way = width - own
    spread = max(spread_of(portrait.mean[parts.face]), SMALLEST_SPREAD)
    wished = np.where(of_lips, LIPS_ASKED * way + spread * _freed(way / spread, own / spread), LIDS_ASKED * way)
    furthest = np.where(of_lips, GAPING * spread, STARING * np.maximum(own, RESTING_LIDS * spread))
    bend = np.where(of_lips, 8, 4)
    wished /= np.where(way < 0, 1, (1 + (wished / furthest) ** bend) ** (1 / bend))
    further = (wished - way).clip(-width)
    stretch = apart * (further / width.clip(np.finfo(np.float32).tiny))[:, None]
    share = np.where(of_lips, UPPER_LIP_SHARE, UPPER_LID_SHARE)[:, None]
    mean[upper] -= share * stretch
    mean[lower] += (1 - share) * stretch
    return Motion(Keypoints(mean, motion.target.covariance))


def _freed(way: Tensor, own: Tensor) -> Tensor:
    """How much further lips go that are `own` spreads apart, so that they do not cling to each other on their `way`."""
    touching = ((PARTED - own) / (PARTED - TOUCHING)).clip(0, 1)
    parting = way.clip(0)
    begun = 1 - np.exp(-np.square(parting / CLINGING_FROM))
    return np.asarray(CLINGING * touching * begun * np.exp(-parting / CLINGING_TO))


def _of_parts(count: int, gains: Gains, parts: Parts) -> Tensor:
    """[k]: the gain of each keypoint's expression."""
    of_parts = np.ones(count, np.float32)
    of_parts[parts.mouth], of_parts[parts.eyes] = gains.mouth, gains.eyes
    return of_parts
