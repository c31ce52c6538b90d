"""How much of the driver's motion the portrait makes: overall, of the head, of mouth and eyes. Pure NumPy."""

from dataclasses import dataclass

import numpy as np

from realtime.eyes import eyes_together
from realtime.frames import Keypoints, Motion, Tensor
from realtime.hair import with_own_hair
from realtime.heading import as_held
from realtime.motion import positive_definite, relative_motion, smallest_variance
from realtime.parts import EVERYTHING, Parts
from realtime.resting import RESTING_LIDS, UPPER_LID_SHARE, UPPER_LIP_SHARE
from realtime.similarity import fitted_similarity, spread_of
from realtime.turning import sine_between, turned_further

# The portrait follows well what training showed: in 95 % of pairs of frames (every 20th of the 40 validation clips) no
# keypoint of the face was further from its place than this, in spreads.
REACH = 0.74
# Sine of the furthest turn or nod: beyond it far eyes tear in one portrait of four (docs/decisions/083).
TURNING_REACH = 0.45
SMALLEST_SPREAD = 1e-3
KNEE = 0.7  # of the reach; up to here nothing is changed
# The networks show this much less of what lips and lids are asked to do (docs/decisions/074).
LIPS_ASKED, LIDS_ASKED = 1.2, 1.3
STARING = 0.4  # of how far apart lids are at rest: so much further they open at most
GAPING = 0.55  # spreads that lips open further at most: of 150 mouths that training showed one is wider


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
    return _about(portrait, moved, target.covariance, gains.overall)


def followed(driving: Keypoints, portrait: Keypoints, neutral: Keypoints, parts: Parts) -> Motion:
    """What a call shows: relative motion as the portrait's head makes it, more of it asked where networks show less."""
    motion = as_held(relative_motion(driving, portrait, neutral, parts), driving, portrait, neutral, parts)
    for step in (eyes_together, with_own_hair, asked_for_more, turned_further):
        motion = step(motion, portrait, parts)
    return motion


def asked_for_more(motion: Motion, portrait: Keypoints, parts: Parts) -> Motion:
    """motion, with lips and lids going further from where the portrait has them, at most until they close.

    What comes out then goes about as far as the driver's, but lids never further apart than eyes that stare, and lips
    than mouths that gape: beyond that irises and chins stretch. At rest the same, to the last bit.
    """
    upper, lower = parts.openings.T
    of_lips = np.isin(upper, parts.lips)
    mean = motion.target.mean.copy()
    apart = mean[lower] - mean[upper]
    width = np.linalg.norm(apart, axis=1)
    own = np.linalg.norm(portrait.mean[lower] - portrait.mean[upper], axis=1)
    way = width - own
    wished = np.where(of_lips, LIPS_ASKED, LIDS_ASKED) * way
    spread = spread_of(portrait.mean[parts.face])
    furthest = np.where(of_lips, GAPING * spread, STARING * np.maximum(own, RESTING_LIDS * spread))
    bend = np.where(of_lips, 8, 4)
    wished /= np.where(way < 0, 1, (1 + (wished / furthest) ** bend) ** (1 / bend))
    further = (wished - way).clip(-width)
    stretch = apart * (further / width.clip(np.finfo(np.float32).tiny))[:, None]
    share = np.where(of_lips, UPPER_LIP_SHARE, UPPER_LID_SHARE)[:, None]
    mean[upper] -= share * stretch
    mean[lower] += (1 - share) * stretch
    return Motion(Keypoints(mean, motion.target.covariance))


def range_used(motion: Motion, portrait: Keypoints, parts: Parts = EVERYTHING) -> float:
    """How far the face's keypoints go from their place in the portrait, or turn, as a share of what it can follow.

    0 where the keypoints all fall together: they span nothing to measure by.
    """
    resting, moved = portrait.mean[parts.face], motion.target.mean[parts.face]
    spread = spread_of(resting)
    if spread < SMALLEST_SPREAD:
        return 0.0
    way = float(np.linalg.norm(moved - resting, axis=1).max()) / (REACH * spread)
    return max(way, sine_between(portrait.mean, motion.target.mean, parts) / TURNING_REACH)


def limited(motion: Motion, portrait: Keypoints, parts: Parts = EVERYTHING) -> Motion:
    """motion within what the portrait can follow."""
    return held_back(motion, portrait, range_used(motion, portrait, parts), parts)


def held_back(motion: Motion, portrait: Keypoints, used: float, parts: Parts) -> Motion:
    """motion that uses so much of its range: unchanged up to a knee, then ever less, the head never beyond its range.

    The whole face is held back alike, so that it keeps its shape; lips and lids stay as far apart as they are to be:
    a driver who leans or turns far still speaks and blinks.
    """
    if used <= KNEE:
        return motion
    allowed = KNEE + (1 - KNEE) * np.tanh((used - KNEE) / (1 - KNEE))
    wished = motion.target.mean
    held = _about(portrait, wished - portrait.mean, motion.target.covariance, float(allowed / used)).target
    mean = held.mean.copy()
    upper, lower = parts.openings.T
    missing = ((wished[lower] - wished[upper]) - (mean[lower] - mean[upper])) / 2
    mean[upper] -= missing
    mean[lower] += missing
    return Motion(Keypoints(mean, held.covariance))


def _about(portrait: Keypoints, moved: Tensor, covariance: Tensor, share: float) -> Motion:
    mean = (portrait.mean + share * moved).astype(np.float32)
    changed = portrait.covariance + share * (covariance - portrait.covariance)
    return Motion(Keypoints(mean, positive_definite(changed, smallest_variance(portrait))))


def _of_parts(count: int, gains: Gains, parts: Parts) -> Tensor:
    """[k]: the gain of each keypoint's expression."""
    of_parts = np.ones(count, np.float32)
    of_parts[parts.mouth], of_parts[parts.eyes] = gains.mouth, gains.eyes
    return of_parts
