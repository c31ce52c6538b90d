"""The driver's motion on a head that is held otherwise, against a face in 3D that turns and tilts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.frames import Keypoints, Motion
from realtime.heading import LARGEST_SINE, Head, as_held, tells_heads
from realtime.motion import relative_motion
from realtime.parts import PartName, Parts
from realtime.turning import turned_back
from tests.realtime.keypoint_tracks import FACE, MOUTH, NOSE, PARTS, WAYS, WITH_DEPTHS, WITH_MIRRORS, face

JAWS = [12, 13]


def head(
    yaw: float = 0.0, roll: float = 0.0, scale: float = 1.0, shift: float = 0.0, jaw: float = 0.0, nod: float = 0.0
) -> Keypoints:
    """The made-up face in 3D, turned about its upright axis by yaw, nodding, then turned in the picture by roll."""
    straight = face(jaw=jaw)
    x = straight.mean[:, 0] * np.cos(yaw) + WAYS * np.sin(yaw)
    towards = WAYS * np.cos(yaw) - straight.mean[:, 0] * np.sin(yaw)
    y = straight.mean[:, 1] * np.cos(nod) + towards * np.sin(nod)
    points = scale * np.exp(1j * roll) * (x + 1j * y) + shift
    return Keypoints(np.stack([points.real, points.imag], axis=1).astype(np.float32), straight.covariance)


def carried(driving: Keypoints, portrait: Keypoints, neutral: Keypoints, parts: Parts = WITH_MIRRORS) -> np.ndarray:
    return as_held(relative_motion(driving, portrait, neutral), driving, portrait, neutral, parts).target.mean


def off_by(found: np.ndarray, expected: Keypoints) -> float:
    """The furthest keypoint from its place, but for a shift of all: where a head turns about is its neck's to say."""
    apart = found - expected.mean
    return float(np.abs(apart - apart.mean(axis=0)).max())


@given(st.floats(-0.6, 0.6), st.floats(-1.0, 1.0), st.floats(0.4, 2.0), st.floats(-0.5, 0.5))
def test_how_a_head_is_held_is_read_from_its_mirrored_keypoints(
    yaw: float, roll: float, scale: float, shift: float
) -> None:
    seen = Head.seen(head(yaw, roll, scale, shift).mean, WITH_MIRRORS)
    assert seen.yaw == pytest.approx(yaw, rel=0.01, abs=1e-3)
    assert seen.across == pytest.approx(np.exp(1j * roll), abs=0.01)
    np.testing.assert_allclose(seen.lateral[JAWS] / scale, FACE[JAWS, 0], rtol=0.01)


@given(st.floats(-0.6, 0.6), st.floats(-0.3, 0.3), st.floats(-0.6, 0.6))
def test_a_head_that_is_turned_and_nods_is_not_tilted(yaw: float, nod: float, roll: float) -> None:
    seen = Head.seen(head(yaw, roll, nod=nod).mean, WITH_MIRRORS)
    assert seen.across == pytest.approx(np.exp(1j * roll), abs=0.02)
    assert seen.yaw == pytest.approx(yaw, rel=0.15, abs=0.02)


@given(st.floats(-0.4, 0.4), st.floats(-0.5, 0.5), st.floats(-0.4, 0.4), st.floats(-0.5, 0.5))
def test_a_driver_at_rest_leaves_the_portrait_to_the_last_bit(
    looks: float, tilt: float, neutral_yaw: float, neutral_roll: float
) -> None:
    neutral, portrait = head(neutral_yaw, neutral_roll), head(looks, tilt, 0.7)
    assert (carried(neutral, portrait, neutral) == portrait.mean).all()


@given(st.floats(-0.35, 0.35), st.floats(-0.35, 0.35), st.floats(-0.35, 0.35))
def test_a_turn_narrows_the_portrait_that_turns_away_and_widens_the_one_that_turns_here(
    looks: float, before: float, turn: float
) -> None:
    driving, portrait, neutral = head(before + turn), head(looks), head(before)
    true = head(looks + turn)
    assert off_by(carried(driving, portrait, neutral), true) <= 0.005


def test_where_the_two_look_apart_plain_ways_squash_a_face_and_these_do_not() -> None:
    driving, portrait, neutral, true = head(0.4), head(-0.4), head(), head()
    plain = relative_motion(driving, portrait, neutral).target.mean
    assert off_by(plain, true) > 0.07 > 0.005 > off_by(carried(driving, portrait, neutral), true)


@given(st.floats(-0.8, 0.8), st.floats(-0.8, 0.8), st.floats(0.02, 0.15))
def test_a_jaw_falls_along_the_portraits_own_face(tilt: float, before: float, jaw: float) -> None:
    driving, portrait, neutral = head(roll=before, jaw=jaw), head(roll=tilt), head(roll=before)
    np.testing.assert_allclose(carried(driving, portrait, neutral), head(roll=tilt, jaw=jaw).mean, atol=1e-3)


@given(st.floats(-0.8, 0.8), st.floats(-0.8, 0.8), st.floats(-0.3, 0.3))
def test_a_head_that_tilts_in_the_picture_tilts_the_portrait_by_as_much(
    tilt: float, before: float, further: float
) -> None:
    driving, portrait, neutral = head(roll=before + further), head(roll=tilt), head(roll=before)
    assert off_by(carried(driving, portrait, neutral), head(roll=tilt + further)) < 1e-3


def test_where_the_head_goes_in_the_picture_the_portrait_goes_whatever_its_tilt() -> None:
    moved = carried(head(shift=0.1), head(roll=0.5), head())
    np.testing.assert_allclose(moved - head(roll=0.5).mean, np.tile([[0.1, 0.0]], (len(FACE), 1)), atol=1e-5)


def test_a_larger_portrait_turns_less_as_its_ways_do_not_grow() -> None:
    portrait = head(-0.3, scale=2.0)
    nearer, alike = (carried(head(0.3), p, head())[NOSE] - p.mean[NOSE] for p in (portrait, head(-0.3)))
    np.testing.assert_allclose(nearer, alike, atol=0.015)


def test_hair_is_tilted_with_the_face_and_shoulders_are_not() -> None:
    rows: dict[PartName, tuple[int, ...]] = {"face": tuple(range(len(FACE))), "mouth": tuple(MOUTH), "hair": (14,)}
    parts = Parts.named(rows, (), WITH_DEPTHS.depths.tolist(), WITH_MIRRORS.mirrors.tolist())

    def with_two(points: Keypoints, ways: tuple[float, float]) -> Keypoints:
        beside = np.array([[-0.6, 0.1 + ways[0]], [-0.8, 0.9 + ways[1]]], np.float32)
        covariance = np.concatenate([points.covariance, points.covariance[:2]])
        return Keypoints(np.concatenate([points.mean, beside]), covariance)

    neutral, driving = with_two(head(), (0, 0)), with_two(head(), (0.1, 0.1))
    portrait = with_two(head(roll=np.pi / 2), (0, 0))
    hair, shoulder = (carried(driving, portrait, neutral, parts) - portrait.mean)[-2:]
    np.testing.assert_allclose(hair, [-0.1, 0.0], atol=1e-5)
    np.testing.assert_allclose(shoulder, [0.0, 0.1], atol=1e-5)


def test_a_face_seen_from_the_side_is_told_no_further_than_it_can_be() -> None:
    assert abs(np.sin(Head.seen(head(1.5).mean, WITH_MIRRORS).yaw)) <= LARGEST_SINE + 1e-9
    collapsed = Head.seen(np.zeros_like(FACE), WITH_MIRRORS)
    assert np.isfinite(collapsed.lateral).all() and collapsed.yaw == 0


@pytest.mark.parametrize("parts", [PARTS, WITH_DEPTHS, Parts.named({}, (), (), ((0, 1),))], ids=str)
def test_bundles_that_do_not_tell_are_as_they_were(parts: Parts) -> None:
    motion = Motion(head(0.2, 0.1))
    assert not tells_heads(parts)
    assert as_held(motion, head(0.2), head(-0.2), head(), parts) is motion


@given(st.floats(0.4, 0.7), st.sampled_from([-1, 1]))
def test_a_neutral_pose_turned_back_is_as_wide_as_a_face_that_looks_there(yaw: float, side: int) -> None:
    back = turned_back(head(side * yaw).mean, FACE, WITH_MIRRORS, 0.3)
    width = back[JAWS[1], 0] - back[JAWS[0], 0]
    straight = FACE[JAWS[1], 0] - FACE[JAWS[0], 0]
    assert width == pytest.approx(straight * np.cos(np.arcsin(0.3)), rel=0.05)
    plainly = turned_back(head(side * yaw).mean, FACE, WITH_DEPTHS, 0.3)
    assert plainly[JAWS[1], 0] - plainly[JAWS[0], 0] < width
