"""What pose of the driver is neutral: taken by a key, found in a quiet moment, or the one most like the portrait."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from realtime.frames import Keypoints, Tensor
from realtime.parts import EVERYTHING, Parts, Rows
from realtime.similarity import fitted_similarity, spread_of

QUIET_S = 1.0  # how long the driver must rest
FEWEST_POSES = 8
QUIET_MOVEMENT = 0.02  # root mean square over the keypoints; a frame is 2 units wide
OUTLIER, NOISE_FLOOR = 3.0, 0.004  # in typical deviations, and what is never an outlier
EASING_S = 0.3
DRIFT_S = 30.0
DRIFT_REACH = 0.15  # a head further from neutral than this has turned away, not drifted


@dataclass(frozen=True, slots=True, eq=False)
class _Pose:
    keypoints: Keypoints
    at_s: float


class Calibration:
    """Owned by the animate thread.

    automatic: the first pose is neutral at once, and eases to the pose of the first quiet second, blinks and outliers
    left out; after that slow drift of the head is followed, expression is not.
    """

    def __init__(self, automatic: bool = False, parts: Parts = EVERYTHING) -> None:
        self.automatic = automatic
        self._face = parts.face
        self.reset()

    def reset(self, chosen: bool = False) -> None:
        """Takes the next pose as neutral; chosen: because the user says so."""
        self._chosen = chosen
        self._neutral: Keypoints | None = None
        self._goal: Keypoints | None = None
        self._quiet: deque[_Pose] | None = deque()
        self._nearest = float("inf")
        self._last_s: float | None = None

    @property
    def neutral(self) -> Keypoints | None:
        """The driver's pose at which the portrait rests; None before the first."""
        return self._neutral

    @property
    def chosen(self) -> bool:
        """Whether a user or a pack chose the neutral pose; others are what the driver happened to do."""
        return self._chosen

    def fix(self, neutral: Keypoints) -> None:
        """Makes neutral the neutral pose; nothing changes it but drift and the user."""
        self.reset(chosen=True)
        self._neutral, self._quiet = neutral, None

    def neutral_for(self, driving: Keypoints, at_s: float) -> Keypoints:
        """The neutral pose to use for driving at time at_s, seconds."""
        step_s = min(max(at_s - self._last_s, 0.0), 0.2) if self._last_s is not None else 0.0
        self._last_s = at_s
        if self._neutral is None:
            self._neutral = driving
        if self.automatic:
            self._look_for_rest(driving, at_s)
            self._ease(step_s)
            self._drift(driving, step_s)
        return self._neutral

    def consider(self, driving: Keypoints, portrait: Keypoints) -> float | None:
        """Takes driving as neutral if it is more like the portrait than any before; then its distance, else None."""
        distance = pose_distance(driving.mean[self._face], portrait.mean[self._face])
        if distance >= self._nearest:
            return None
        self.fix(driving)
        self._nearest = distance
        return distance

    def _look_for_rest(self, driving: Keypoints, at_s: float) -> None:
        if self._quiet is None:
            return
        self._quiet.append(_Pose(driving, at_s))
        while at_s - self._quiet[0].at_s > QUIET_S:
            self._quiet.popleft()
        long_enough = at_s - self._quiet[0].at_s >= 0.9 * QUIET_S
        if long_enough and len(self._quiet) >= FEWEST_POSES:
            self._goal = resting_pose([pose.keypoints for pose in self._quiet], self._face)
            self._quiet = None if self._goal is not None else self._quiet

    def _ease(self, step_s: float) -> None:
        if self._goal is not None and self._neutral is not None:
            share = 1 - float(np.exp(-step_s / EASING_S))
            self._neutral = _between(self._neutral, self._goal, share)
            if np.abs(self._goal.mean - self._neutral.mean).max() < 1e-4:
                self._goal = None

    def _drift(self, driving: Keypoints, step_s: float) -> None:
        """Follows the head's shift, turn and scale, slowly; a mouth that talks or a raised brow is no drift."""
        if self._quiet is not None or self._goal is not None or self._neutral is None:
            return
        head = fitted_similarity(self._neutral.mean[self._face], driving.mean[self._face])
        away = head.applied(self._neutral.mean) - self._neutral.mean
        if float(np.sqrt((away[self._face] ** 2).sum(axis=1).mean())) < DRIFT_REACH:
            mean = self._neutral.mean + away * np.float32(step_s / DRIFT_S)
            self._neutral = Keypoints(mean, self._neutral.covariance)


def resting_pose(poses: list[Keypoints], face: Rows = EVERYTHING.face) -> Keypoints | None:
    """The mean of poses without blinks and outliers; None where the face does not rest in them."""
    means = np.stack([pose.mean for pose in poses])  # n k 2
    away = (means - np.median(means, axis=0))[:, face]
    deviation = np.sqrt((away**2).sum(axis=2).mean(axis=1))  # n
    typical = float(np.median(deviation))
    if typical > QUIET_MOVEMENT:
        return None
    kept = deviation <= max(OUTLIER * typical, NOISE_FLOOR)
    covariances = np.stack([pose.covariance for pose in poses])[kept]
    return Keypoints(means[kept].mean(axis=0), covariances.mean(axis=0))


def pose_distance(driving: Tensor, portrait: Tensor) -> float:
    """How unlike two poses are, [k, 2] each, wherever and however large the faces are: 0 is alike."""
    one, other = (points - points.mean(axis=0) for points in (driving, portrait))
    one, other = one / max(spread_of(one), 1e-6), other / max(spread_of(other), 1e-6)
    return float(np.sqrt(((one - other) ** 2).sum(axis=1).mean()))


def _between(one: Keypoints, other: Keypoints, share: float) -> Keypoints:
    part = np.float32(share)
    return Keypoints(
        one.mean + part * (other.mean - one.mean), one.covariance + part * (other.covariance - one.covariance)
    )
