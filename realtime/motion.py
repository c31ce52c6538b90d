"""How the driver's motion becomes the portrait's: relative (the paper's) and absolute. Pure NumPy."""

import numpy as np

from realtime.frames import Keypoints, Motion, Tensor

# A part of the face may shrink to this share of the portrait's own smallest variance: a flatter one tears the picture.
SMALLEST_VARIANCE_RATIO = 0.1


def relative_motion(driving: Keypoints, portrait: Keypoints, neutral: Keypoints) -> Motion:
    """The portrait's keypoints, moved as the driver moved since the neutral pose.

    The paper's transfer: mean = m_portrait + (m_driving - m_neutral), covariance = S_driving S_neutral^-1 S_portrait,
    made symmetric and positive definite. At driving == neutral the result is the portrait, to the last bit.
    """
    mean = portrait.mean + (driving.mean - neutral.mean)
    # S_driving S_neutral^-1 S_portrait, written as a change so that no change leaves the portrait exactly as it is.
    change = (driving.covariance - neutral.covariance).astype(np.float64)
    turned = portrait.covariance + change @ np.linalg.inv(neutral.covariance.astype(np.float64)) @ portrait.covariance
    return Motion(Keypoints(mean=mean, covariance=positive_definite(turned, smallest_variance(portrait))))


def absolute_motion(driving: Keypoints) -> Motion:
    """The driver's keypoints as they are: right when driver and portrait share shape and place."""
    return Motion(driving)


def smallest_variance(portrait: Keypoints) -> np.ndarray:
    """[k]: how flat each of the portrait's parts may become."""
    return SMALLEST_VARIANCE_RATIO * np.linalg.eigvalsh(portrait.covariance.astype(np.float64))[:, 0]


def positive_definite(matrices: np.ndarray, floor: np.ndarray) -> Tensor:
    """The matrices [k, 2, 2], symmetric, with eigenvalues of at least floor [k]; those that comply stay untouched."""
    symmetric = (matrices + matrices.transpose(0, 2, 1)) / 2
    values, vectors = np.linalg.eigh(symmetric)
    lifted = (vectors * np.maximum(values, floor[:, None])[:, None, :]) @ vectors.transpose(0, 2, 1)
    complies = values[:, 0] >= floor
    return np.where(complies[:, None, None], symmetric, lifted).astype(np.float32)
