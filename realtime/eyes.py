"""Two eyes that open and close together, unless one of them winks. Pure NumPy."""

import numpy as np

from realtime.frames import Keypoints, Motion
from realtime.parts import Parts
from realtime.resting import UPPER_LID_SHARE
from realtime.similarity import SMALLEST_SPREAD

# By how much more one eye is open than the other, in shares of the portrait's own: up to the first that is a detector's
# view of a turning head, from the second on a wink.
TOGETHER, WINK = 0.5, 0.8


def eyes_together(motion: Motion, portrait: Keypoints, parts: Parts) -> Motion:
    """motion, with both eyes as far open as they are on average, each by its share of the portrait's own.

    At rest the same, to the last bit; and where the bundle does not tell the lids of two eyes.
    """
    if len(parts.lids) != 2:
        return motion
    upper, lower = parts.lids.T
    mean = motion.target.mean
    apart = mean[lower] - mean[upper]
    width = np.linalg.norm(apart, axis=1)
    share = width / np.linalg.norm(portrait.mean[lower] - portrait.mean[upper], axis=1).clip(SMALLEST_SPREAD)
    away = share - share.mean()
    kept = np.clip((2 * abs(away[0]) - TOGETHER) / (WINK - TOGETHER), 0, 1)
    # By as much as the shares change; eyes that are shut wholly have no direction to open in, and stay.
    change = apart * ((kept - 1) * away / share.clip(SMALLEST_SPREAD))[:, None]
    moved = mean.copy()
    moved[upper] -= UPPER_LID_SHARE * change
    moved[lower] += (1 - UPPER_LID_SHARE) * change
    return Motion(Keypoints(moved, motion.target.covariance))
