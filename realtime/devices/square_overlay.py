"""Draws over the animated square of an output picture, wherever it lies: pictures of the model's size, keypoints."""

import cv2
import numpy as np

from realtime.frames import Keypoints, Pixels, Place


def lay_over(picture: Pixels, square: Pixels, place: Place, opacity: float) -> None:
    """Mixes square [s, s, 3], as the model sees it, into picture at place; what reaches outside is left out."""
    height, width = picture.shape[:2]
    seen = square[:, ::-1] if place.mirrored else square
    fitted = cv2.resize(seen, (place.width_px, place.height_px), interpolation=cv2.INTER_LINEAR)
    left, top = max(0, place.left_px), max(0, place.top_px)
    right = min(width, place.left_px + place.width_px)
    bottom = min(height, place.top_px + place.height_px)
    if right <= left or bottom <= top:
        return
    shown = fitted[top - place.top_px : bottom - place.top_px, left - place.left_px : right - place.left_px]
    below = picture[top:bottom, left:right]
    below[...] = cv2.addWeighted(shown, opacity, below, 1 - opacity, 0.0)


def mark(picture: Pixels, keypoints: Keypoints, place: Place, colour: tuple[int, int, int]) -> None:
    """Draws a dot into picture for every keypoint of the square at place."""
    for x, y in places_in(keypoints, place):
        cv2.circle(picture, (int(x), int(y)), max(1, place.width_px // 128), colour, -1, cv2.LINE_AA)


def places_in(keypoints: Keypoints, place: Place) -> np.ndarray:
    """[k, 2] int: the pixel of the output picture, as x and y, that holds each keypoint of the square at place."""
    shares = (keypoints.mean + 1) / 2
    if place.mirrored:
        shares = shares * (-1, 1) + (1, 0)
    exact = shares * (place.width_px, place.height_px) + (place.left_px, place.top_px)
    return np.floor(exact).astype(int)
