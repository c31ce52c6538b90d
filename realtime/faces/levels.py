"""Evens the light before faces are looked at: in the dark, or against it, detectors see lips and lids move too little.

Of the portrait and of what is shown nothing changes: levels are evened in what the networks see of the driver.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from realtime.frames import Pixels

DARKEST, BRIGHTEST = 2, 98  # percentiles of the shades
# Pictures whose darkest shades are no brighter, and whose brightest no darker, stay as they are.
DARK, BRIGHT = 30, 180
LARGEST_GAIN = 4.0  # beyond it noise grows more than a face
GRAIN_PX = 0.4  # of smoothing for every gain beyond 1, because a camera's noise grows with its picture
FINEST_PX = 0.3
EASING_S = 1.0  # a lamp switched on, a screen that flickers: a slow change moves no keypoint


@dataclass(frozen=True, slots=True)
class Levels:
    """What becomes 0, and what of 255 is left between that and what becomes 255."""

    black: float = 0.0
    gain: float = 1.0

    @classmethod
    def of(cls, pixels: Pixels) -> "Levels":
        """Those that even pixels [h, w, 3] uint8 RGB."""
        shades = cv2.cvtColor(np.ascontiguousarray(pixels[::2, ::2]), cv2.COLOR_RGB2GRAY)
        below = np.cumsum(np.bincount(shades.ravel(), minlength=256))
        dark, bright = np.searchsorted(below, below[-1] * np.array([DARKEST, BRIGHTEST]) / 100)
        black = max(0.0, float(dark) - DARK)
        span = min(255 - black, (float(bright) - black) * 255 / BRIGHT)
        return cls(black, 255 / max(span, 255 / LARGEST_GAIN))

    def applied(self, pixels: Pixels) -> Pixels:
        """pixels [h, w, 3] uint8, evened and their grain smoothed; themselves where nothing is to be done."""
        if self == PLAIN:
            return pixels
        table = ((np.arange(256) - self.black) * self.gain).clip(0, 255)
        evened = cv2.LUT(pixels, np.round(table).astype(np.uint8))
        grain_px = GRAIN_PX * (self.gain - 1)
        if grain_px > FINEST_PX:
            evened = cv2.GaussianBlur(evened, (0, 0), grain_px, borderType=cv2.BORDER_REPLICATE)
        return np.asarray(evened, np.uint8)


PLAIN = Levels()


class LevelFollower:
    """Levels of the driver's face that ease from frame to frame. Owned by the animate thread."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Takes the levels of the next frame at once."""
        self._levels: Levels | None = None
        self._last_s = 0.0

    def evened(self, crop: Pixels, at_s: float) -> Pixels:
        """crop [s, s, 3] uint8 RGB of the driver's face at time at_s, seconds, evened by what its middle shows."""
        side = len(crop)
        here = Levels.of(crop[side // 4 : -(side // 4), side // 4 : -(side // 4)])
        if self._levels is None:
            self._levels = here
        share = 1 - float(np.exp(-max(at_s - self._last_s, 0.0) / EASING_S))
        before, self._last_s = self._levels, at_s
        eased = (was + share * (now - was) for was, now in ((before.black, here.black), (before.gain, here.gain)))
        self._levels = Levels(*eased)
        return self._levels.applied(crop)
