"""Signals read back what the synthetic face was told to do; following and jitter are what they say."""

import numpy as np
import pytest

from tests.training.evaluate.synthetic_faces import face
from training.evaluate.face_signals import face_signals, following, jitter_energy, landmark_distance_px

WAVE = np.sin(np.linspace(0, 6, 40)).astype(np.float32)


@pytest.mark.parametrize("angle", ["yaw", "pitch", "roll"])
def test_each_angle_is_read_in_degrees_and_leaves_the_others_alone(angle: str) -> None:
    points = np.stack([face(**{angle: 20 * value}) for value in WAVE])
    signals = face_signals(points)
    read = signals[angle] * np.sign(np.dot(signals[angle], WAVE))
    np.testing.assert_allclose(read, 20 * (WAVE - WAVE[0]), atol=0.05)
    for other in {"yaw", "pitch", "roll"} - {angle}:
        assert np.abs(signals[other]).max() < 0.05


def test_openings_are_shares_of_the_face_whatever_its_size() -> None:
    closing = np.stack([face(eyes=value, mouth=1 - value) for value in (1.0, 0.5, 0.0)])
    for scale in (1, 3):
        signals = face_signals(closing * scale)
        np.testing.assert_allclose(signals["eyes"], [0.49, 0.245, 0], atol=0.02)
        np.testing.assert_allclose(signals["mouth"], [0, 0.2, 0.4], atol=1e-3)


@pytest.mark.parametrize("roll", [0, 25])
def test_gaze_is_a_share_of_the_eye_whatever_the_size_and_unknown_in_a_blink(roll: float) -> None:
    looks = [(0.0, 1.0), (0.2, 1.0), (-0.1, 0.6), (0.2, 0.1)]
    points = np.stack([face(roll=roll, gaze=gaze, eyes=eyes) for gaze, eyes in looks])
    for scale in (1, 3):
        np.testing.assert_allclose(face_signals(points * scale)["gaze"], [0, 0.2, -0.1, np.nan], atol=0.01)


def test_following_tells_direction_from_size() -> None:
    half = following(WAVE, 0.5 * WAVE + 3, 0.1)
    assert half is not None
    assert half.correlation == pytest.approx(1) and half.gain == pytest.approx(0.5)
    still = following(WAVE, np.zeros_like(WAVE), 0.1)
    assert still is not None and still.correlation == 0 and still.gain == 0
    against = following(WAVE, -WAVE, 0.1)
    assert against is not None and against.correlation == pytest.approx(-1)


def test_nothing_is_said_of_a_driver_that_hardly_moves_or_is_hardly_seen() -> None:
    assert following(0.01 * WAVE, WAVE, 0.1) is None
    unseen = WAVE.copy()
    unseen[5:] = np.nan
    assert following(WAVE, unseen, 0.1) is None


def test_jitter_is_the_energy_of_trembling_not_of_moving() -> None:
    steady = np.stack([face() + 2 * t for t in range(30)])
    trembling = steady + np.where(np.arange(30) % 2, 0.5, -0.5)[:, None, None]
    assert jitter_energy(steady) < 1e-9
    # The second difference of +-0.5 is 2, in each coordinate; eyes are 60 pixels apart.
    assert jitter_energy(trembling) == pytest.approx((2 / 60) ** 2, rel=1e-3)


def test_landmark_distance_is_unknown_where_a_face_is_missing() -> None:
    expected = np.stack([face(), face()])
    found = expected + np.array([3, 4, 100], np.float32)
    found[1] = np.nan
    distances = landmark_distance_px(found, expected)
    assert distances[0] == pytest.approx(5) and np.isnan(distances[1])
