"""How the driver's motion becomes the portrait's: relative (the paper's) and absolute. Pure NumPy."""

import numpy as np

from realtime.frames import Keypoints, Motion, Tensor
from realtime.parts import Pairs, Parts
from realtime.resting import at_rest
from realtime.similarity import SMALLEST_SPREAD, shrinking

# A part of the face may shrink to this share of the portrait's own smallest variance: a flatter one tears the picture.
SMALLEST_VARIANCE_RATIO = 0.1
# Lips that all but touch at rest tremble by much of what lies between them: that must not close a portrait's smile.
LARGEST_CLOSING_RATIO = 1.5


def relative_motion(driving: Keypoints, portrait: Keypoints, neutral: Keypoints, parts: Parts | None = None) -> Motion:
    """The portrait's keypoints, moved as the driver moved since the neutral pose.

    The paper's transfer: mean = m_portrait + (m_driving - m_neutral), covariance = S_driving S_neutral^-1 S_portrait,
    made symmetric and positive definite. At driving == neutral the result is the portrait, to the last bit.

    With `parts`, ways shrink in proportion where the driver's face is the larger, openings close by the driver's share,
    and a mouth open or eyes shut in the neutral pose are so in the portrait, too.
    """
    before, after = neutral.mean, driving.mean
    if parts is not None:
        size = shrinking(portrait, neutral, parts)
        before, after = size * before, size * after
        before = at_rest(before, portrait.mean, parts)
    mean = portrait.mean + (after - before)
    if parts is not None:
        _close_by_share(mean, after, portrait.mean, before, parts.openings)
    # S_driving S_neutral^-1 S_portrait, written as a change so that no change leaves the portrait exactly as it is.
    change = (driving.covariance - neutral.covariance).astype(np.float64)
    turned = portrait.covariance + change @ np.linalg.inv(neutral.covariance.astype(np.float64)) @ portrait.covariance
    return Motion(Keypoints(mean=mean, covariance=positive_definite(turned, smallest_variance(portrait))))


def _close_by_share(mean: Tensor, driving: Tensor, portrait: Tensor, neutral: Tensor, openings: Pairs) -> None:
    """Moves the ends of openings in `mean`: lips as far apart as the driver's cannot come nearer than to each other."""
    upper, lower = openings.T
    before, now, own = (points[lower] - points[upper] for points in (neutral, driving, portrait))
    width = np.linalg.norm(before, axis=1).clip(SMALLEST_SPREAD)
    direction = before / width[:, None]
    closed = ((before - now) * direction).sum(axis=1).clip(0, width)
    ratio = (np.linalg.norm(own, axis=1) / width).clip(max=LARGEST_CLOSING_RATIO)
    spared = direction * (closed * (1 - ratio) / 2)[:, None]
    mean[upper] -= spared
    mean[lower] += spared


def absolute_motion(driving: Keypoints) -> Motion:
    """The driver's keypoints as they are: right when driver and portrait share shape and place."""
    return Motion(driving)


def covariance_towards(covariance: Tensor, portrait: Keypoints, share: float) -> Tensor:
    """The portrait's covariances, changed by a share of what leads to `covariance` [k, 2, 2]; none gets too flat."""
    changed = portrait.covariance + share * (covariance - portrait.covariance)
    return positive_definite(changed, smallest_variance(portrait))


def smallest_variance(portrait: Keypoints) -> np.ndarray:
    """[k]: how flat each of the portrait's parts may become."""
    return SMALLEST_VARIANCE_RATIO * _smallest_eigenvalues(portrait.covariance.astype(np.float64))


def positive_definite(matrices: np.ndarray, floor: np.ndarray) -> Tensor:
    """The matrices [k, 2, 2], symmetric, with eigenvalues of at least floor [k]; those that comply stay untouched."""
    symmetric = (matrices + matrices.transpose(0, 2, 1)) / 2
    flat = _smallest_eigenvalues(symmetric) < floor
    if flat.any():
        values, vectors = np.linalg.eigh(symmetric[flat])
        lifted = np.maximum(values, floor[flat, None])
        symmetric[flat] = (vectors * lifted[:, None, :]) @ vectors.transpose(0, 2, 1)
    return symmetric.astype(np.float32)


def _smallest_eigenvalues(symmetric: np.ndarray) -> np.ndarray:
    """[k] of matrices [k, 2, 2], without decomposing them: hardly any is too flat."""
    first, last, mixed = symmetric[:, 0, 0], symmetric[:, 1, 1], symmetric[:, 0, 1]
    return (first + last) / 2 - np.hypot((first - last) / 2, mixed)
