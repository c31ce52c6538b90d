"""Motion transfer: what holds for any keypoints, and one case worked out by hand."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from realtime.frames import Keypoints
from realtime.motion import LARGEST_CLOSING_RATIO, absolute_motion, relative_motion
from realtime.parts import Parts
from tests.realtime.keypoint_tracks import PARTS, face


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


@given(keypoints(), keypoints())
def test_neutral_pose_gives_the_portrait_exactly_also_where_it_opens(portrait: Keypoints, neutral: Keypoints) -> None:
    target = relative_motion(neutral, portrait, neutral, Parts.named({}, [(0, 1), (2, 3)])).target
    assert np.array_equal(target.mean, portrait.mean)


@pytest.mark.parametrize("rest", [-0.015, 0.0])
def test_what_the_driver_closes_half_and_whole_the_portrait_closes_half_and_whole(rest: float) -> None:
    """Where the driver's mouth at rest is open as wide as the portrait's or less."""
    portrait, neutral = face(), face(jaw=rest, shift=(0.1, 0))
    for share in (0.5, 1.0):
        closing = face(jaw=rest - share * (0.05 + rest), shift=(0.1, 0))
        found = _opening(relative_motion(closing, portrait, neutral, PARTS).target.mean, (8, 9))
        assert found == pytest.approx(0.05 * (1 - share), abs=1e-5)


def test_opening_adds_what_the_driver_adds() -> None:
    portrait, neutral = face(), face(jaw=-0.02)
    moved = relative_motion(face(jaw=0.12), portrait, neutral, PARTS).target.mean
    # An open mouth counts as a little of the face's size.
    np.testing.assert_allclose(moved, face(jaw=0.14).mean, atol=2e-3)


@pytest.mark.parametrize("own", [0.0, 0.05])
def test_a_mouth_open_in_the_neutral_pose_opens_the_portraits(own: float) -> None:
    """By the lower lip mostly. Closed is closed, and in between nothing jumps or turns back."""
    portrait, neutral = face(jaw=own - 0.05), face(jaw=0.1)
    gaps = np.linspace(0, 0.2, 41)
    moved = [relative_motion(face(jaw=gap - 0.05), portrait, neutral, PARTS).target.mean for gap in gaps]
    found = np.array([_opening(mean, (8, 9)) for mean in moved])
    assert found[0] == pytest.approx(0, abs=1e-3)
    assert (np.diff(found) >= -1e-6).all() and np.diff(found).max() < 0.011
    # An open mouth counts as a little of the face's size, and closed lips as a little apart.
    np.testing.assert_allclose(found[gaps > 0.06], gaps[gaps > 0.06], atol=0.03)
    at_neutral = relative_motion(neutral, portrait, neutral, PARTS).target.mean - portrait.mean
    np.testing.assert_array_equal(np.delete(at_neutral, (8, 9), axis=0), 0)
    assert at_neutral[9, 1] == pytest.approx(-4 * at_neutral[8, 1], rel=1e-3)


def test_lips_that_touch_in_both_stay_as_the_portraits_are() -> None:
    """A detector sees closed lips a little apart: that must not open the portrait's at rest."""
    portrait, neutral = face(jaw=-0.05), face(jaw=-0.04)
    assert np.array_equal(relative_motion(neutral, portrait, neutral, PARTS).target.mean, portrait.mean)


def test_the_ways_of_a_larger_face_shrink_and_those_of_a_smaller_one_do_not_grow() -> None:
    portrait, near = face(scale=0.6), face(shift=(0.1, 0.1))
    moved = relative_motion(face(shift=(0.2, 0.1), jaw=0.05), portrait, near, PARTS).target.mean
    np.testing.assert_allclose(moved, face(scale=0.6, shift=(0.06, 0), jaw=0.05).mean, atol=1e-6)
    small, large = face(scale=0.1, jaw=-0.05), face(jaw=-0.05)
    for portrait, neutral, share in ((small, large, 0.5), (large, small, 1.0)):
        driving = Keypoints(neutral.mean + np.float32(0.1), neutral.covariance)
        way = relative_motion(driving, portrait, neutral, PARTS).target.mean - portrait.mean
        np.testing.assert_allclose(way, np.full_like(way, 0.1 * share), atol=1e-6)


def test_a_blink_closes_wide_eyes_and_trembling_lips_do_not_close_a_smile() -> None:
    narrow, wide = face(lids=0.03), face()
    blinked = relative_motion(face(lids=0.08), wide, narrow, PARTS).target.mean
    assert _opening(blinked, (0, 2)) == pytest.approx(0.08 - 1.5 * 0.05, abs=1e-3)
    smiling, touching = face(jaw=0.1), face(jaw=-0.045)
    trembled = relative_motion(face(jaw=-0.048), smiling, touching, PARTS).target.mean
    assert _opening(trembled, (8, 9)) == pytest.approx(0.15 - LARGEST_CLOSING_RATIO * 0.003, abs=1e-3)


def _opening(mean: np.ndarray, ends: tuple[int, int]) -> float:
    return float(mean[ends[1], 1] - mean[ends[0], 1])


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
