"""The short fade from one portrait to the next: over the last picture of the old one, so that it costs no inference."""

import cv2
import numpy as np

from realtime.frames import Pixels


class CrossFade:
    """Notices when what is shown changes. Owned by the animate thread."""

    def __init__(self, duration_s: float) -> None:
        self._duration_s = duration_s
        self._subject: object = None
        self._last: Pixels | None = None
        self._old: Pixels | None = None
        self._since_s = 0.0

    def passed(self, pixels: Pixels, subject: object, at_s: float) -> Pixels:
        """pixels [h, w, 3] of subject at time at_s; after a change of subject, mixed with what was before."""
        if subject is not self._subject:
            self._old, self._since_s = self._last, at_s
            self._subject = subject
        mixed = self._mixed(pixels, at_s)
        self._last = mixed
        return mixed

    def _mixed(self, pixels: Pixels, at_s: float) -> Pixels:
        share = (at_s - self._since_s) / self._duration_s if self._duration_s > 0 else 1.0
        if self._old is None or not 0 <= share < 1:
            self._old = None
            return pixels
        height, width = pixels.shape[:2]
        old = cv2.resize(self._old, (width, height), interpolation=cv2.INTER_LINEAR)  # portraits differ in size
        return np.asarray(cv2.addWeighted(pixels, share, old, 1 - share, 0.0), np.uint8)
