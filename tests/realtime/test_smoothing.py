"""The One-Euro filter: calm at rest, quick in motion, never an impossible covariance."""

import numpy as np

from realtime.frames import Keypoints
from realtime.parts import Parts
from realtime.smoothing import KeypointSmoother

RATE_HZ = 30


def _at(x: float, variance: float = 0.02) -> Keypoints:
    return Keypoints(np.array([[x, 0.0]], np.float32), np.array([[[variance, 0], [0, variance]]], np.float32))


def test_first_keypoints_pass_unchanged() -> None:
    first = _at(0.3)
    assert KeypointSmoother().smooth(first, 0.0) is first


def test_jitter_at_rest_is_halved() -> None:
    noise = np.random.default_rng(1).normal(0, 0.005, 300)
    smoother = KeypointSmoother()
    smoothed = [smoother.smooth(_at(float(x)), index / RATE_HZ).mean[0, 0] for index, x in enumerate(noise)]
    assert np.std(np.diff(smoothed)) < 0.5 * np.std(np.diff(noise))


def test_a_quick_turn_lags_less_than_two_frames() -> None:
    smoother = KeypointSmoother()
    speed = 2.0 / RATE_HZ  # crosses the frame in a second
    x = [smoother.smooth(_at(-1 + speed * index), index / RATE_HZ).mean[0, 0] for index in range(31)]
    assert (1.0 - x[-1]) / speed < 2


def test_covariance_stays_between_old_and_new() -> None:
    smoother = KeypointSmoother()
    smoother.smooth(_at(0.0, 0.02), 0.0)
    smoothed = smoother.smooth(_at(0.1, 0.04), 1 / RATE_HZ).covariance[0, 0, 0]
    assert 0.02 < smoothed < 0.04


def test_reset_forgets_the_past() -> None:
    smoother = KeypointSmoother()
    smoother.smooth(_at(-1.0), 0.0)
    smoother.reset()
    assert smoother.smooth(_at(1.0), 1 / RATE_HZ).mean[0, 0] == 1.0


def test_time_that_stands_still_passes_the_new_value() -> None:
    smoother = KeypointSmoother()
    smoother.smooth(_at(-1.0), 2.0)
    assert smoother.smooth(_at(1.0), 2.0).mean[0, 0] == 1.0


def test_what_is_beside_the_face_is_held_calmer() -> None:
    smoother = KeypointSmoother(Parts.named({"face": (0,)}))
    still, moved = (Keypoints(one.mean.repeat(2, 0), one.covariance.repeat(2, 0)) for one in (_at(0.0), _at(0.05)))
    smoother.smooth(still, 0.0)
    face, beside = smoother.smooth(moved, 1 / RATE_HZ).mean[:, 0]
    assert 0 < beside < 0.8 * face
