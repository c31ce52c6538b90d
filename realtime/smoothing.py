"""One-Euro filter for keypoints: calm when the face is still, quick when it moves (Casiez et al., CHI 2012)."""

from dataclasses import dataclass

import numpy as np

from realtime.frames import Keypoints, Tensor
from realtime.parts import EVERYTHING, Parts

# Tuned on clips at 30 fps with a webcam's noise: 0.40 of a still face's noise is left, no frame of lag, and lids keep
# 0.92 to 1.0 of their travel. A gain of 4 at a speed cutoff of 1 Hz left 0.38 of the noise, but 0.63 to 0.95 of lids.
MIN_CUTOFF_HZ = 1.5
SPEED_GAIN = 20.0  # extra cutoff in Hz per unit of speed; a frame is 2 units wide
SPEED_CUTOFF_HZ = 4.0
# Beside the face nothing blinks, and keypoints on soft outlines of hair and neck jump between two of them. Of the noise
# of all keypoints 0.35 is left so, 0.55 with the face's gain for all, and both lag 0.3 frames.
SPEED_GAIN_BESIDE = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    keypoints: Keypoints
    velocity: Tensor  # k 2, units per second
    at_s: float


class KeypointSmoother:
    """Remembers the last keypoints it gave; `parts` tell which are the face's. Owned by the animate thread."""

    def __init__(self, parts: Parts = EVERYTHING) -> None:
        self._face = parts.face
        self._state: _State | None = None

    def reset(self) -> None:
        """Forgets the past: the next keypoints pass unchanged."""
        self._state = None

    def smooth(self, keypoints: Keypoints, at_s: float) -> Keypoints:
        """The filtered keypoints at time at_s (seconds, increasing).

        Mean and covariance of a keypoint share one weight, chosen by its speed: a covariance stays positive definite.
        """
        last = self._state
        if last is None or at_s <= last.at_s:
            self._state = _State(keypoints, np.zeros_like(keypoints.mean), at_s)
            return keypoints
        step_s = at_s - last.at_s
        measured = (keypoints.mean - last.keypoints.mean) / np.float32(step_s)
        velocity = _mix(last.velocity, measured, _weight(np.float32(SPEED_CUTOFF_HZ), step_s))
        speed = np.linalg.norm(velocity, axis=1)  # k
        gain = np.full_like(speed, SPEED_GAIN_BESIDE)
        gain[self._face] = SPEED_GAIN
        weight = _weight(MIN_CUTOFF_HZ + gain * speed, step_s)
        smoothed = Keypoints(
            mean=_mix(last.keypoints.mean, keypoints.mean, weight[:, None]),
            covariance=_mix(last.keypoints.covariance, keypoints.covariance, weight[:, None, None]),
        )
        self._state = _State(smoothed, velocity, at_s)
        return smoothed


def _weight(cutoff_hz: Tensor | np.float32, step_s: float) -> Tensor:
    """How much of the new value a low-pass of this cutoff lets in after step_s: the paper's alpha, in (0, 1)."""
    turns = 2 * np.pi * np.asarray(cutoff_hz, np.float32) * np.float32(step_s)
    return np.asarray(turns / (turns + 1), np.float32)


def _mix(old: Tensor, new: Tensor, weight: Tensor) -> Tensor:
    return old + weight * (new - old)
