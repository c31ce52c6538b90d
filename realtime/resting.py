"""What poses would be at rest: the driver's is taken while people speak and blink, the portrait's may be misread."""

from functools import lru_cache

import numpy as np

from realtime.frames import Keypoints, Tensor
from realtime.heading import across_of
from realtime.parts import Parts
from realtime.similarity import SMALLEST_SPREAD, complex_of, fitted_similarity, spread_of
from realtime.turning import turned_back

# Lips this near, in spreads of the face, touch: what a detector sees between closed ones.
TOUCHING_LIPS = 0.04
UPPER_LIP_SHARE = 0.2  # of an opening mouth's way; the jaw makes the rest
# Between lids, in spreads of the face, half of the time in videos of 40 people: 0.07 to 0.28; in blinks below 0.06.
SHUT_LIDS, OPEN_LIDS, RESTING_LIDS = 0.06, 0.1, 0.16
UPPER_LID_SHARE = 0.8  # of a closing eye's way
FACING = 0.3  # sine of the angle between driver and portrait up to which a face that is turned away may rest so


@lru_cache(maxsize=4)  # the driver's neutral pose and the portrait are those of the frame before
def facing(neutral: Keypoints, portrait: Keypoints, parts: Parts) -> Keypoints:
    """`neutral`, its face turned away from how the portrait looks no further than faces rest.

    For a pose that nobody chose: a driver taken as he looked to the side would twist the portrait once he looks here.
    So it looks to the side with him.
    """
    mean = turned_back(neutral.mean, portrait.mean, parts, FACING)
    return neutral if mean is neutral.mean else Keypoints(mean, neutral.covariance)


def uncrossed(portrait: Keypoints, parts: Parts) -> Keypoints:
    """`portrait` with no upper lip or lid below its lower one: those that are found so meet half-way.

    A detector that takes the one for the other has seen that they touch. Lips that are crossed would close before they
    open; the further they are, the less of what the driver says is seen.
    """
    upper, lower = parts.openings.T
    down = 1j * across_of(portrait, parts)
    crossing = (complex_of(portrait.mean[upper] - portrait.mean[lower]) * down.conjugate()).real.clip(0)
    if not crossing.any():
        return portrait
    way = np.outer(crossing / 2, [down.real, down.imag]).astype(np.float32)
    mean = portrait.mean.copy()
    mean[upper] -= way
    mean[lower] += way
    return Keypoints(mean, portrait.covariance)


def at_rest(neutral: Tensor, portrait: Tensor, parts: Parts) -> Tensor:
    """`neutral` [k, 2] with lips no further apart than the portrait's, and lids apart that the driver alone has shut.

    The portrait's mouth is then open when the driver's is, and its eyes are shut when the driver's are: otherwise open
    eyes of a driver taken in a blink would stretch the portrait's for the whole call. How wide open lids are is a
    face's own, and stays.
    """
    shut = _shut(neutral, parts)
    shut *= (1 - _shut(portrait, parts)) if shut else 0.0
    if not shut and not len(parts.lips):
        return neutral
    rested = neutral.copy()
    if shut:
        _wake(rested, portrait, parts, shut)
    _meet(rested, portrait, parts)
    return rested


def _meet(rested: Tensor, portrait: Tensor, parts: Parts) -> None:
    upper, lower = parts.lips.T
    apart = rested[lower] - rested[upper]
    width = np.linalg.norm(apart, axis=1).clip(SMALLEST_SPREAD)
    touching = TOUCHING_LIPS * spread_of(portrait[parts.face])
    parted = (width - np.linalg.norm(portrait[lower] - portrait[upper], axis=1).clip(touching)).clip(0)
    together = apart * (parted / width)[:, None]
    rested[upper] += UPPER_LIP_SHARE * together
    rested[lower] -= (1 - UPPER_LIP_SHARE) * together


def _wake(rested: Tensor, portrait: Tensor, parts: Parts, share: float) -> None:
    """Opens lids by `share` of the way to most people's width, the way the portrait's open, turned as the driver is."""
    upper, lower = parts.lids.T
    turned = fitted_similarity(portrait[parts.face], rested[parts.face]).applied(portrait)
    opened = turned[lower] - turned[upper]
    width = RESTING_LIDS * spread_of(rested[parts.face])
    opened *= (width / np.linalg.norm(opened, axis=1).clip(SMALLEST_SPREAD))[:, None]
    missing = share * (opened - (rested[lower] - rested[upper]))
    rested[upper] -= UPPER_LID_SHARE * missing
    rested[lower] += (1 - UPPER_LID_SHARE) * missing


def _shut(points: Tensor, parts: Parts) -> float:
    """How shut the eyes are: 0 is open, 1 a blink; 0 where no lids are known."""
    if not len(parts.lids):
        return 0.0
    upper, lower = parts.lids.T
    width = np.linalg.norm(points[lower] - points[upper], axis=1).mean()
    spread = max(spread_of(points[parts.face]), SMALLEST_SPREAD)
    return float(np.clip((OPEN_LIDS - width / spread) / (OPEN_LIDS - SHUT_LIDS), 0, 1))
