"""The portrait of the device tests, and what a call should see of it."""

import cv2
import numpy as np

from realtime.frames import AnimatedFrame, Pixels, Size
from realtime.output.canvas import Canvas

BUNDLE_FOLDER, PORTRAIT_FILE = "bundle", "portrait.png"
MODEL_PX = 64  # the tiny bundle's


def portrait() -> Pixels:
    """Shapes with edges and colours, so that a wrong size, order or place would show."""
    side = 2 * MODEL_PX
    picture = np.full((side, side, 3), (90, 120, 150), np.uint8)
    cv2.circle(picture, (MODEL_PX, MODEL_PX), 40, (180, 140, 60), -1)
    cv2.rectangle(picture, (20, 20), (50, 40), (200, 40, 40), -1)
    return picture


def expected(size: Size) -> Pixels:
    """What a call sees of a driver who does not move."""
    small = np.asarray(cv2.resize(portrait(), (MODEL_PX, MODEL_PX), interpolation=cv2.INTER_AREA), np.uint8)
    return Canvas(size, badge=False).portrait(AnimatedFrame(small, small, 0, 0.0))
