"""A face that turns or nods is asked to do so further, and nothing else is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.frames import Keypoints, Motion
from realtime.parts import Parts
from realtime.turning import FURTHEST, NOD_ASKED, TURN_ASKED, sine_between, turned_back, turned_further
from tests.realtime.keypoint_tracks import FACE, MOUTH, NOSE, PARTS, WAYS, WITH_DEPTHS, face

PORTRAIT = face()


def moved(turn: float = 0.0, nod: float = 0.0, about: Keypoints = PORTRAIT) -> Motion:
    """The face turned to the side and nodding, by sines of the angles."""
    return Motion(Keypoints(about.mean + np.outer(WAYS, [turn, nod]).astype(np.float32), about.covariance))


def added(motion: Motion, parts: Parts = WITH_DEPTHS) -> np.ndarray:
    return turned_further(motion, PORTRAIT, parts).target.mean - motion.target.mean


def sine_of(way: np.ndarray) -> float:
    """The turn whose way this is, up to a shift of all."""
    return float(np.polyfit(WAYS, way, 1)[0])


def test_at_rest_nothing_is_added_to_the_last_bit() -> None:
    assert not added(Motion(PORTRAIT)).any()


def test_without_depths_the_motion_is_as_it_was() -> None:
    motion = moved(turn=0.1)
    assert turned_further(motion, PORTRAIT, PARTS) is motion


def test_a_mouth_alone_tells_no_turn() -> None:
    mouth = Parts.named({"face": tuple(MOUTH), "mouth": tuple(MOUTH)}, (), (0.05, 0.05, 0.33, 0.28, 0.03))
    motion = moved(turn=0.1)
    assert turned_further(motion, PORTRAIT, mouth) is motion


@pytest.mark.parametrize("sine", [-0.05, 0.05])
def test_a_small_turn_goes_further_by_what_is_asked_and_to_the_side_alone(sine: float) -> None:
    more = added(moved(turn=sine))
    assert sine_of(more[:, 0]) == pytest.approx((TURN_ASKED - 1) * sine, rel=0.03)
    np.testing.assert_allclose(more[:, 1], 0, atol=1e-4)


@pytest.mark.parametrize("sine", [-0.05, 0.05])
def test_a_small_nod_goes_further_by_what_is_asked_and_upright_alone(sine: float) -> None:
    more = added(moved(nod=sine))
    assert sine_of(more[:, 1]) == pytest.approx((NOD_ASKED - 1) * sine, rel=0.03)
    np.testing.assert_allclose(more[:, 0], 0, atol=1e-4)


def test_to_a_far_turn_no_more_is_added_than_to_the_furthest() -> None:
    assert sine_of(added(moved(turn=0.9))[:, 0]) == pytest.approx((TURN_ASKED - 1) * FURTHEST, rel=0.03)


def test_the_further_it_turns_the_further_it_is_asked() -> None:
    noses = [turned_further(moved(turn=sine), PORTRAIT, WITH_DEPTHS).target.mean[NOSE, 0] for sine in (0.1, 0.3, 0.6)]
    assert noses == sorted(noses)


@given(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(0.8, 1.25), st.floats(-0.4, 0.4))
def test_a_shift_a_size_and_a_turn_in_the_picture_are_no_turn(x: float, y: float, scale: float, angle: float) -> None:
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
    mean = (FACE @ turn + np.array([x, y], np.float32)).astype(np.float32)
    np.testing.assert_allclose(added(Motion(Keypoints(mean, PORTRAIT.covariance))), 0, atol=1e-5)


def test_a_mouth_that_opens_is_no_nod() -> None:
    np.testing.assert_allclose(added(Motion(face(jaw=0.15))), 0, atol=1e-6)


def test_what_lies_beside_the_face_is_left_where_it_is() -> None:
    shoulder = np.array([[0.8, 0.9]], np.float32)
    covariance = np.concatenate([PORTRAIT.covariance, PORTRAIT.covariance[:1]])
    portrait, turned = (
        Keypoints(np.concatenate([points.mean, shoulder]), covariance) for points in (PORTRAIT, moved(turn=0.1).target)
    )
    more = turned_further(Motion(turned), portrait, WITH_DEPTHS).target
    assert (more.mean[-1] == shoulder).all() and (more.mean[:-1] != turned.mean[:-1]).any()
    assert more.covariance is covariance


def tilted(mean: np.ndarray, angle: float, scale: float, shift: float) -> np.ndarray:
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
    return (mean @ turn + np.float32(shift)).astype(np.float32)


@given(st.floats(-0.6, 0.6), st.floats(-0.4, 0.4), st.floats(-1.5, 1.5), st.floats(0.4, 2.0), st.floats(-0.5, 0.5))
def test_a_turn_is_known_however_the_head_is_held(
    turn: float, nod: float, angle: float, scale: float, shift: float
) -> None:
    seen = tilted(moved(turn, nod).target.mean, angle, scale, shift)
    assert sine_between(PORTRAIT.mean, seen, WITH_DEPTHS) == pytest.approx(np.hypot(turn, nod), abs=1e-3)


@given(st.floats(0.31, 0.9), st.sampled_from([-1, 1]), st.floats(-1.5, 1.5), st.floats(0.4, 2.0))
def test_turned_back_a_face_is_turned_the_same_way_by_what_is_allowed(
    sine: float, side: int, angle: float, scale: float
) -> None:
    back = turned_back(tilted(moved(turn=side * sine).target.mean, angle, scale, 0.1), PORTRAIT.mean, WITH_DEPTHS, 0.3)
    apart = back - tilted(moved(turn=side * 0.3).target.mean, angle, scale, 0.1)
    np.testing.assert_allclose(apart, np.broadcast_to(apart.mean(axis=0), apart.shape), atol=2e-3)  # but for a shift


def test_a_face_that_is_hardly_turned_or_tells_no_depths_is_not_turned_back() -> None:
    for sine, parts in ((0.25, WITH_DEPTHS), (0.9, PARTS)):
        mean = moved(turn=sine).target.mean
        assert turned_back(mean, PORTRAIT.mean, parts, 0.3) is mean
    assert sine_between(PORTRAIT.mean, moved(turn=0.9).target.mean, PARTS) == 0
    assert sine_between(PORTRAIT.mean, np.zeros_like(PORTRAIT.mean), WITH_DEPTHS) < 1e-3  # of a point that was a face
