"""Finds the driver's face once, in the first frames of a run, and keeps that crop."""

import logging

from realtime.face_detector import FaceDetector
from realtime.frames import Pixels
from realtime.framing import Crop, centre_crop, face_crop

ATTEMPTS = 30

log = logging.getLogger(__name__)


class DriverFraming:
    """A fixed crop, once settled. Without a detector it is the centre square at once. Owned by the animate thread."""

    def __init__(self, detector: FaceDetector | None) -> None:
        self._detector = detector
        self._attempts_left = ATTEMPTS
        self._crop: Crop | None = None

    def reset(self) -> None:
        """Looks for the face anew, from the next frame on."""
        self._attempts_left = ATTEMPTS
        self._crop = None

    def crop_for(self, pixels: Pixels) -> Crop | None:
        """The crop for frames like pixels [h, w, 3]; None while the face is still being looked for."""
        if self._crop is None:
            self._crop = self._settled(pixels)
        return self._crop

    def _settled(self, pixels: Pixels) -> Crop | None:
        height, width = pixels.shape[:2]
        if self._detector is None:
            return centre_crop(height, width)
        faces = self._detector.detect(pixels)
        if faces:
            return face_crop(faces[0], height, width)
        self._attempts_left -= 1
        if self._attempts_left > 0:
            return None
        log.warning("no face in the camera's first %d frames: using the centre square of its picture", ATTEMPTS)
        return centre_crop(height, width)
