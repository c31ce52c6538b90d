"""What is behind a portrait's person: another background, laid under it when the picture is read, or its own, whole."""

import cv2
import numpy as np

from realtime.frames import Background, Pixels, Tensor
from realtime.ground import mirrored_inwards, widened
from realtime.portraits.picture_file import ground_for

BLUR = 0.035  # of the picture's longer side
FILL = 0.025  # of the square's side, likewise where the person was
COLOUR_REACH = 1 / 40  # of that side: how far the person's own colours are looked for at its edge
TINY = 1e-4
SMALL_SIGMA_PX = 4.0


def replaced(pixels: Pixels, opacity: Tensor, ground: Pixels) -> Pixels:
    """The person of pixels [h, w, 3], where opacity [h, w, 1] is 1, before ground: [h, w, 3]."""
    person = _own_colours(pixels.astype(np.float32), opacity)
    return _levels(person * opacity + ground.astype(np.float32) * (1 - opacity))


def ground_behind(pixels: Pixels, opacity: Tensor, behind: Background) -> Pixels:
    """What stands behind the person, [h, w, 3]; blur is the picture's own background, blurred without the person."""
    height, width = pixels.shape[:2]
    named = ground_for(behind, height, width)
    if named is not None:
        return named
    return _levels(_weighted_blur(pixels.astype(np.float32), 1 - opacity, BLUR * max(height, width)))


def uncovered(square: Pixels, opacity: Pixels) -> Pixels:
    """The square's own background [s, s, 3], continued where the person is, whose opacity [s, s] is 0 to 255.

    Its colours go on softly, and some way in so does its detail, mirrored.
    """
    widely = widened(opacity)
    person = widely.astype(np.float32)[..., None] / np.float32(255)
    picture = square.astype(np.float32)
    soft = _weighted_blur(picture, 1 - person, FILL * len(square))
    detail = mirrored_inwards((picture - soft) * (1 - person), widely > 0)
    return _levels(picture + person * (soft + detail - picture))


def _levels(picture: Tensor) -> Pixels:
    return np.asarray(np.rint(picture).clip(0, 255), np.uint8)


def _own_colours(picture: Tensor, opacity: Tensor) -> Tensor:
    """The person's colours where its edge mixes them with the old background's (blur fusion; Forte, 2021, eq. 4)."""
    reach = COLOUR_REACH * max(picture.shape[:2])
    person, ground = (_weighted_blur(picture, weight, reach) for weight in (opacity, 1 - opacity))
    return person + opacity * (picture - opacity * person - (1 - opacity) * ground)


def _weighted_blur(picture: Tensor, weight: Tensor, sigma_px: float) -> Tensor:
    """The mean of the neighbours [h, w, 3], each counting by its weight [h, w, 1]; far from any, that of all."""
    height, width = picture.shape[:2]
    # So soft a picture loses nothing by being made of a small one.
    scale = min(1.0, SMALL_SIGMA_PX / sigma_px)
    weighed = np.concatenate([picture * weight, weight], axis=2)
    small = cv2.resize(weighed, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), sigma_px * scale)
    whole = small[..., :3].mean(axis=(0, 1)) / max(float(small[..., 3].mean()), TINY)
    mean = (soft[..., :3] + TINY * whole) / (soft[..., 3:] + TINY)
    return np.asarray(cv2.resize(mean, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
