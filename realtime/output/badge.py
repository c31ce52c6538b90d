"""The disclosure mark: a small "AI" in the lower right corner of the portrait."""

import cv2
import numpy as np

from realtime.frames import Pixels, Size

TEXT = "AI"
HEIGHT_SHARE, SMALLEST_HEIGHT_PX = 0.05, 12
MARGIN_SHARE = 0.02
PLATE_OPACITY, TEXT_OPACITY = 0.45, 0.9
DRAWN_LARGER = 8  # drawn at this scale and shrunk, for smooth edges


class Badge:
    """Draws the mark for pictures of one size."""

    def __init__(self, size: Size) -> None:
        self._size = size
        height = max(SMALLEST_HEIGHT_PX, round(size.height_px * HEIGHT_SHARE))
        self._light, self._opacity = _drawn(height, round(height * 1.45))
        self._margin_px = round(min(size.width_px, size.height_px) * MARGIN_SHARE)

    def on(self, picture: Pixels, portrait: Size) -> Pixels:
        """picture [h, w, 3] with the mark in the corner of the portrait centred in it; writes into picture."""
        height, width = self._light.shape[:2]
        right = (self._size.width_px + portrait.width_px) // 2 - self._margin_px
        bottom = (self._size.height_px + portrait.height_px) // 2 - self._margin_px
        corner = picture[bottom - height : bottom, right - width : right]
        corner[...] = np.rint(corner * (1 - self._opacity) + self._light * self._opacity)
        return picture


def _drawn(height_px: int, width_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Brightness [h, w, 1] in [0, 255] and opacity [h, w, 1] in [0, 1]: white letters on a dark rounded plate."""
    height, width = height_px * DRAWN_LARGER, width_px * DRAWN_LARGER
    plate, letters = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
    radius = height // 4
    cv2.rectangle(plate, (radius, 0), (width - radius, height), 255, -1)
    cv2.rectangle(plate, (0, radius), (width, height - radius), 255, -1)
    for x in (radius, width - radius - 1):
        for y in (radius, height - radius - 1):
            cv2.circle(plate, (x, y), radius, 255, -1)
    thickness = max(1, height // 11)
    scale = cv2.getFontScaleFromHeight(cv2.FONT_HERSHEY_SIMPLEX, round(height * 0.55), thickness)
    (across, up), _ = cv2.getTextSize(TEXT, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)
    corner = ((width - across) // 2, (height + up) // 2)
    cv2.putText(letters, TEXT, corner, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thickness, cv2.LINE_AA)
    plate_share, text_share = (
        cv2.resize(layer, (width_px, height_px), interpolation=cv2.INTER_AREA)[..., None] / 255
        for layer in (plate, letters)
    )
    text_share = text_share * TEXT_OPACITY
    opacity = np.maximum(plate_share * PLATE_OPACITY, text_share)
    light = np.divide(255 * text_share, opacity, out=np.zeros_like(opacity), where=opacity > 0)
    return light, opacity
