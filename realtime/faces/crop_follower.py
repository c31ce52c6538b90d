"""The crop that follows a face: still when the face is, without lag when it drifts, and deaf to nods and noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.framing import Crop, crop_around

# What is slower than this is leaning and moving about, and the crop goes along; what is quicker stays in the crop,
# where the portrait can follow it.
CENTRE_HZ, SIDE_HZ = 0.7, 0.35
FURTHEST_AHEAD_S = 0.25  # a face not seen for longer is where it was last


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    place: NDArray[np.float64]  # x, y of the centre in pixels, logarithm of the side
    velocity: NDArray[np.float64]  # of these, per second
    at_s: float


class CropFollower:
    """A critically damped filter of second order: a face that moves evenly is followed without lag.

    Owned by the animate thread.
    """

    def __init__(self, crop: Crop, at_s: float) -> None:
        self._state = _State(_place(crop), np.zeros(3), at_s)

    def crop_at(self, at_s: float) -> Crop:
        """Where the crop is at time at_s, seconds, not before the last update."""
        x, y, log_side = self._predicted(at_s)
        return crop_around((float(x), float(y)), float(np.exp(log_side)))

    def update(self, seen: Crop, at_s: float) -> None:
        """Takes in where the crop ought to be at time at_s; a time not after the last is left out."""
        step_s = at_s - self._state.at_s
        if step_s <= 0:
            return
        fading = np.exp(-2 * np.pi * np.array([CENTRE_HZ, CENTRE_HZ, SIDE_HZ]) * step_s)
        predicted = self._predicted(at_s)
        missed = _place(seen) - predicted
        place = predicted + (1 - fading**2) * missed
        velocity = self._state.velocity + (1 - fading) ** 2 / step_s * missed
        self._state = _State(place, velocity, at_s)

    def _predicted(self, at_s: float) -> NDArray[np.float64]:
        ahead_s = min(max(at_s - self._state.at_s, 0.0), FURTHEST_AHEAD_S)
        return self._state.place + self._state.velocity * ahead_s


def _place(crop: Crop) -> NDArray[np.float64]:
    return np.array([*crop.centre_px, np.log(max(crop.side_px, 1.0))])
