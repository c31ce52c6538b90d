"""What is behind a person in a picture: where it begins, and how its detail may go on where the person is."""

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.frames import Pixels, Tensor

EDGE = 0.02  # of the side: so far around its mask the person's colours may reach
SOFTNESS = 1 / 64  # of the side: of that edge, where it is a mirror
CREASED = 0.25  # of a slope of 1: midway between two edges there is no way out
WHOLE, FADED = 1 / 24, 1 / 8  # of the side: so far in, detail goes on as it is, and no further


def widened(opacity: Pixels) -> Pixels:
    """The person's opacity [s, s], so far around its edge as the person's colours may reach."""
    reach = 2 * round(EDGE * len(opacity)) + 1
    return np.asarray(cv2.dilate(opacity, np.ones((reach, reach), np.uint8)), np.uint8)


def mirrored_inwards(detail: Tensor, inside: NDArray[np.bool_]) -> Tensor:
    """`detail` [n, n, ...], going on where `inside` [n, n] as if the edge were a mirror; farther in it fades away."""
    size = len(detail)
    depth, beyond = (
        cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5) for side in (inside, ~inside)
    )
    # From the edge, not from the middles of the pixels beside it. Softened, as the normals of an edge of pixels would
    # cut what is mirrored into strips.
    depth = np.where(inside, depth - 0.5, 0.5 - beyond).clip(-size, size).astype(np.float32)
    depth = cv2.GaussianBlur(depth, (0, 0), SOFTNESS * size)
    down, right = np.gradient(depth)
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    out = 2 * depth.clip(0, FADED * size) / np.hypot(down, right).clip(CREASED)
    mirrored = cv2.remap(
        detail, columns - out * right, rows - out * down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    share = ((FADED - depth / size) / (FADED - WHOLE)).clip(0, 1) * inside
    share = share.reshape(*share.shape, *[1] * (detail.ndim - 2))
    return np.asarray(np.where(inside.reshape(share.shape), share * mirrored, detail), np.float32)
