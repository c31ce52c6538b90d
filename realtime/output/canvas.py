"""The canvas: a portrait fitted, never stretched, into the output size, with the badge; and the away picture."""

import cv2
import numpy as np

from realtime.frames import AnimatedFrame, Pixels, Place, Size
from realtime.output.badge import Badge

BACKDROP_SIDE_PX = 48  # blurred at this size, where it costs nothing
BACKDROP_BLUR = 0.12  # of that side
BACKDROP_LIGHT = 0.45
PAUSE_LIGHT = 235


class Canvas:
    """Composes pictures [height, width, 3] uint8 of one size; keeps what depends on the portrait alone. One thread."""

    def __init__(self, size: Size, badge: bool = True, away_picture: Pixels | None = None) -> None:
        self.size = size
        self._badge = Badge(size) if badge else None
        self._away_picture = away_picture
        self._backdrop_of: Pixels | None = None
        self._backdrop: Pixels | None = None

    def portrait(self, pixels: Pixels, resting: Pixels) -> Pixels:
        """pixels [h, w, 3] fitted; the bars beside it are filled from resting, blurred and dimmed."""
        height, width = pixels.shape[:2]
        fitted = fitted_size(Size(width, height), self.size)
        if fitted == self.size:
            picture = _resized(pixels, fitted)
        else:
            picture = self._backdrop_for(resting).copy()
            left, top = centred(fitted, self.size)
            picture[top : top + fitted.height_px, left : left + fitted.width_px] = _resized(pixels, fitted)
        return self._badge.on(picture, fitted) if self._badge else picture

    def square(self, frame: AnimatedFrame) -> Place:
        """Where the animated square of frame lies in the picture."""
        height, width = frame.pixels.shape[:2]
        fitted = fitted_size(Size(width, height), self.size)
        return Place(*centred(fitted, self.size), fitted.width_px, fitted.height_px, frame.mirrored)

    def away(self, resting: Pixels) -> Pixels:
        """The away picture: the user's own, fitted; else the portrait blurred beyond recognition, with a pause sign."""
        if self._away_picture is not None:
            return self.portrait(self._away_picture, self._away_picture)
        return _with_pause_sign(self._backdrop_for(resting))

    def _backdrop_for(self, resting: Pixels) -> Pixels:
        if self._backdrop is None or resting is not self._backdrop_of:
            self._backdrop_of, self._backdrop = resting, _blurred_cover(resting, self.size)
        return self._backdrop


def fitted_size(inner: Size, outer: Size) -> Size:
    """The largest even size with inner's proportions that fits into outer; inner itself is never stretched."""
    scale = min(outer.width_px / inner.width_px, outer.height_px / inner.height_px)
    return Size(_even(inner.width_px * scale, outer.width_px), _even(inner.height_px * scale, outer.height_px))


def centred(inner: Size, outer: Size) -> tuple[int, int]:
    """Left and top of inner in the middle of outer, in pixels."""
    return (outer.width_px - inner.width_px) // 2, (outer.height_px - inner.height_px) // 2


def blended(old: Pixels, new: Pixels, share: float) -> Pixels:
    """old becoming new: share 0 is old, 1 is new."""
    return np.asarray(cv2.addWeighted(old, 1 - share, new, share, 0), np.uint8)


def _even(length_px: float, limit_px: int) -> int:
    nearest = round(length_px)
    return nearest if nearest == limit_px else max(2, nearest - nearest % 2)


def _resized(pixels: Pixels, size: Size) -> Pixels:
    height, width = pixels.shape[:2]
    if (width, height) == (size.width_px, size.height_px):
        return np.array(pixels)
    smoothing = cv2.INTER_AREA if width > size.width_px else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (size.width_px, size.height_px), interpolation=smoothing), np.uint8)


def _blurred_cover(pixels: Pixels, size: Size) -> Pixels:
    """The middle of pixels filling size, without any detail left."""
    height, width = pixels.shape[:2]
    scale = max(size.width_px / width, size.height_px / height)
    across, down = min(width, round(size.width_px / scale)), min(height, round(size.height_px / scale))
    left, top = (width - across) // 2, (height - down) // 2
    small = cv2.resize(
        pixels[top : top + down, left : left + across],
        (BACKDROP_SIDE_PX, BACKDROP_SIDE_PX),
        interpolation=cv2.INTER_AREA,
    )
    small = cv2.GaussianBlur(small, (0, 0), BACKDROP_BLUR * BACKDROP_SIDE_PX)
    dimmed = np.rint(small * BACKDROP_LIGHT).astype(np.uint8)
    return _resized(dimmed, size)


def _with_pause_sign(backdrop: Pixels) -> Pixels:
    """Two bars in the middle, needing no language."""
    picture = backdrop.copy()
    height, width = picture.shape[:2]
    bar_height, bar_width = round(height * 0.2), max(1, round(height * 0.055))
    top = (height - bar_height) // 2
    for middle in (width // 2 - bar_width, width // 2 + bar_width):
        left = middle - bar_width // 2
        picture[top : top + bar_height, left : left + bar_width] = PAUSE_LIGHT
    return picture
