"""How much of the driver's motion the portrait makes: overall, of the head, of mouth and eyes. Pure NumPy."""

from dataclasses import dataclass

import numpy as np

from realtime.frames import Keypoints, Motion, Tensor
from realtime.motion import positive_definite, smallest_variance
from realtime.similarity import fitted_similarity, spread_of

# Which keypoints are the mouth's and the eyes' is told by where the portrait has them: this far below and above the
# middle, in spreads. A bundle whose keypoints are no parts of a face has regions too, only without a name.
MOUTH_BELOW, EYES_ABOVE = 0.5, 0.25
# The portrait follows well what training showed: in 95 % of pairs of frames of the validation clips no keypoint was
# further from its place than this, in spreads.
REACH = 0.95
SMALLEST_SPREAD = 1e-3
KNEE = 0.7  # of the reach; up to here nothing is changed


@dataclass(frozen=True, slots=True)
class Gains:
    """1 is the driver's own; 0 is none."""

    overall: float = 1.0
    head: float = 1.0
    mouth: float = 1.0
    eyes: float = 1.0


PLAIN = Gains()


def with_gain(motion: Motion, portrait: Keypoints, gains: Gains) -> Motion:
    """motion, made larger or smaller about the portrait at rest. With plain gains the same, to the last bit.

    The head's part is the shift, turn and scale nearest to the whole motion; what is left is expression.
    """
    if gains == PLAIN:
        return motion
    target = motion.target
    headed = fitted_similarity(portrait.mean, target.mean).applied(portrait.mean)
    expression = (target.mean - headed) * _of_regions(portrait.mean, gains)[:, None]
    moved = gains.head * (headed - portrait.mean) + expression
    return _about(portrait, moved, target.covariance, gains.overall)


def range_used(motion: Motion, portrait: Keypoints) -> float:
    """The furthest keypoint's way from its place in the portrait, as a share of what the portrait can follow.

    0 where the keypoints all fall together: they span nothing to measure by.
    """
    spread = spread_of(portrait.mean)
    if spread < SMALLEST_SPREAD:
        return 0.0
    return float(np.linalg.norm(motion.target.mean - portrait.mean, axis=1).max() / (REACH * spread))


def limited(motion: Motion, portrait: Keypoints) -> Motion:
    """motion within what the portrait can follow: unchanged up to a knee, then ever less, never beyond the reach.

    The whole face is held back alike, so that it keeps its shape.
    """
    used = range_used(motion, portrait)
    if used <= KNEE:
        return motion
    allowed = KNEE + (1 - KNEE) * np.tanh((used - KNEE) / (1 - KNEE))
    return _about(portrait, motion.target.mean - portrait.mean, motion.target.covariance, float(allowed / used))


def _about(portrait: Keypoints, moved: Tensor, covariance: Tensor, share: float) -> Motion:
    mean = (portrait.mean + share * moved).astype(np.float32)
    changed = portrait.covariance + share * (covariance - portrait.covariance)
    return Motion(Keypoints(mean, positive_definite(changed, smallest_variance(portrait))))


def _of_regions(mean: Tensor, gains: Gains) -> Tensor:
    """[k]: the gain of each keypoint's expression, by its place in the portrait."""
    below = (mean[:, 1] - mean[:, 1].mean()) / max(spread_of(mean), 1e-6)
    regions = np.where(below > MOUTH_BELOW, gains.mouth, np.where(below < -EYES_ABOVE, gains.eyes, 1.0))
    return regions.astype(np.float32)
