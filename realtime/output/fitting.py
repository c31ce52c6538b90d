"""Fitting pictures into sizes: whole and unstretched, or covering; and mixing two."""

import cv2
import numpy as np

from realtime.frames import Pixels, Size


def fitted_size(inner: Size, outer: Size) -> Size:
    """The largest even size with inner's proportions that fits into outer; inner itself is never stretched."""
    scale = min(outer.width_px / inner.width_px, outer.height_px / inner.height_px)
    return Size(_even(inner.width_px * scale, outer.width_px), _even(inner.height_px * scale, outer.height_px))


def centred(inner: Size, outer: Size) -> tuple[int, int]:
    """Left and top of inner in the middle of outer, in pixels."""
    return (outer.width_px - inner.width_px) // 2, (outer.height_px - inner.height_px) // 2


def size_of(pixels: Pixels) -> Size:
    """Of a picture [h, w, 3]."""
    height, width = pixels.shape[:2]
    return Size(width, height)


def resized(pixels: Pixels, size: Size) -> Pixels:
    """A picture of that size, stretched where the proportions differ; never pixels itself."""
    if size_of(pixels) == size:
        return np.array(pixels)
    smoothing = cv2.INTER_AREA if pixels.shape[1] > size.width_px else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (size.width_px, size.height_px), interpolation=smoothing), np.uint8)


def blended(old: Pixels, new: Pixels, share: float) -> Pixels:
    """old becoming new: share 0 is old, 1 is new."""
    return np.asarray(cv2.addWeighted(old, 1 - share, new, share, 0), np.uint8)


def _even(length_px: float, limit_px: int) -> int:
    nearest = round(length_px)
    return nearest if nearest == limit_px else max(2, nearest - nearest % 2)
