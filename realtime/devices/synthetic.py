"""A test pattern that moves like a nodding head; needs no device and no file."""

from collections.abc import Iterator

import cv2
import numpy as np

from realtime.devices.cameras import Camera
from realtime.frames import Frame, Pixels

SIZE_PX = 256
RATE_HZ = 30.0
TURN_S, NOD_S = 3.0, 2.0
REACH_PX = 24


class SyntheticCamera(Camera):
    """Draws a simple face that turns and nods for ever, the same in every run."""

    def __init__(self) -> None:
        self.name = "synthetic:"
        self.rate_hz = RATE_HZ
        self._closed = False

    def frames(self) -> Iterator[Frame]:
        """256x256 frames, 30 for each second of captured_at."""
        index = 0
        while not self._closed:
            at_s = index / RATE_HZ
            yield Frame(_drawn(at_s), index, at_s)
            index += 1

    def close(self) -> None:
        """Ends frames()."""
        self._closed = True


def _drawn(at_s: float) -> Pixels:
    """[256, 256, 3] uint8: the face at time at_s."""
    picture = np.full((SIZE_PX, SIZE_PX, 3), (60, 80, 100), np.uint8)
    x = round(SIZE_PX / 2 + REACH_PX * np.sin(2 * np.pi * at_s / TURN_S))
    y = round(SIZE_PX / 2 + REACH_PX / 2 * np.sin(2 * np.pi * at_s / NOD_S))
    cv2.ellipse(picture, (x, y), (60, 80), 0, 0, 360, (224, 180, 150), -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.circle(picture, (x + 24 * side, y - 16), 8, (40, 30, 30), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (x, y + 36), (22, 8), 0, 0, 360, (150, 60, 60), -1, cv2.LINE_AA)
    return picture
