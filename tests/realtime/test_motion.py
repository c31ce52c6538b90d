"""Motion transfer: what holds for any keypoints, and one case worked out by hand."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from realtime.frames import Keypoints
from realtime.motion import absolute_motion, relative_motion


@st.composite
def keypoints(draw: st.DrawFn, count: int = 4) -> Keypoints:
    """Any keypoints a detector can give: positive definite covariances from a thousandth to one."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    angle = random.uniform(0, np.pi, count)
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], -1).reshape(count, 2, 2)
    scales = 10 ** random.uniform(-3, 0, (count, 1, 2))
    covariance = (turn * scales) @ turn.transpose(0, 2, 1)
    symmetric = (covariance + covariance.transpose(0, 2, 1)) / 2
    return Keypoints(random.uniform(-1, 1, (count, 2)).astype(np.float32), symmetric.astype(np.float32))


def _smallest_variance(points: Keypoints) -> np.ndarray:
    return np.linalg.eigvalsh(points.covariance.astype(np.float64))[:, 0]


@given(keypoints(), keypoints())
def test_neutral_pose_gives_the_portrait_exactly(portrait: Keypoints, neutral: Keypoints) -> None:
    target = relative_motion(neutral, portrait, neutral).target
    assert np.array_equal(target.mean, portrait.mean)
    assert np.array_equal(target.covariance, portrait.covariance)


@given(keypoints(), keypoints(), keypoints())
def test_covariance_stays_symmetric_positive_definite(
    driving: Keypoints, portrait: Keypoints, neutral: Keypoints
) -> None:
    covariance = relative_motion(driving, portrait, neutral).target.covariance
    assert covariance.dtype == np.float32
    np.testing.assert_allclose(covariance, covariance.transpose(0, 2, 1), rtol=1e-5, atol=1e-6)
    smallest = np.linalg.eigvalsh(covariance.astype(np.float64))[:, 0]
    floor = 0.1 * _smallest_variance(portrait)
    assert (smallest >= floor - 1e-6 * np.abs(covariance).max((1, 2))).all()


@given(keypoints(), keypoints())
def test_a_driver_like_the_portrait_is_followed_exactly(driving: Keypoints, portrait: Keypoints) -> None:
    assume((_smallest_variance(driving) > 0.11 * _smallest_variance(portrait)).all())
    target = relative_motion(driving, portrait, neutral=portrait).target
    np.testing.assert_allclose(target.mean, driving.mean, atol=1e-6)
    np.testing.assert_allclose(target.covariance, driving.covariance, rtol=1e-3, atol=1e-5)


@given(keypoints())
def test_absolute_motion_is_the_driver(driving: Keypoints) -> None:
    assert absolute_motion(driving).target is driving


def test_the_papers_formula_by_hand() -> None:
    def single(x: float, y: float, a: float, d: float) -> Keypoints:
        return Keypoints(np.array([[x, y]], np.float32), np.array([[[a, 0], [0, d]]], np.float32))

    target = relative_motion(
        single(0.5, 0.1, 0.04, 0.02), single(0.1, -0.2, 0.03, 0.01), single(0.2, 0.2, 0.02, 0.02)
    ).target
    np.testing.assert_allclose(target.mean, [[0.4, -0.3]], atol=1e-7)
    np.testing.assert_allclose(target.covariance, [[[0.06, 0], [0, 0.01]]], atol=1e-8)
