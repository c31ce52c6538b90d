"""What stands behind a fitted portrait: a picture, a colour, or the portrait itself without any detail."""

import cv2
import numpy as np

from realtime.frames import Background, Pixels, Size
from realtime.output.fitting import resized
from realtime.portraits.picture_file import middle_for

SIDE_PX = 48  # blurred at this size, where it costs nothing
BLUR = 0.12  # of that side
LIGHT = 0.45


def backdrop(background: Background, resting: Pixels, size: Size) -> Pixels:
    """[h, w, 3] of size, as background says; blurred, it is made of resting."""
    if background.picture is not None:
        return resized(middle_for(background.picture, size), size)
    if background.colour is not None:
        return np.full((size.height_px, size.width_px, 3), background.colour, np.uint8)
    return blurred_cover(resting, size)


def blurred_cover(pixels: Pixels, size: Size) -> Pixels:
    """The middle of pixels filling size, dimmed, without any detail left."""
    small = cv2.resize(middle_for(pixels, size), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), BLUR * SIDE_PX)
    return resized(np.rint(small * LIGHT).astype(np.uint8), size)
