"""The limiter: what it leaves alone, where it stops, and that a shift is held back before what the head does in it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.frames import Keypoints, Motion, Tensor
from realtime.limiter import KNEE, REACH, TURNING_REACH, limited, range_used
from realtime.motion import relative_motion
from realtime.similarity import spread_of
from realtime.turning import sine_between
from tests.realtime.keypoint_tracks import (
    FACE,
    NOSE,
    OPENINGS,
    PARTS,
    SHOULDERS,
    WAYS,
    WITH_DEPTHS,
    face,
    with_shoulders,
)

PORTRAIT = face()
REACHED = REACH * spread_of(FACE)


def _turned(turn: float, nod: float, shift: tuple[float, float] = (0.0, 0.0)) -> Motion:
    mean = FACE + np.outer(WAYS, [turn, nod]) + shift
    return Motion(Keypoints(mean.astype(np.float32), PORTRAIT.covariance))


def _ways(motion: Motion, portrait: Keypoints = PORTRAIT) -> Tensor:
    return motion.target.mean - portrait.mean


def test_within_the_knee_the_limiter_changes_nothing() -> None:
    motion = relative_motion(face(shift=(0.15, 0.0)), PORTRAIT, PORTRAIT)
    assert range_used(motion, PORTRAIT) < KNEE
    assert limited(motion, PORTRAIT) is motion


@given(st.floats(0, 6.28), st.floats(0.0, 3.0))
def test_the_limiter_never_goes_beyond_the_reach_and_keeps_the_direction(angle: float, way: float) -> None:
    shift = (way * np.cos(angle), way * np.sin(angle))
    motion = limited(relative_motion(face(shift=shift), PORTRAIT, PORTRAIT), PORTRAIT)
    assert range_used(motion, PORTRAIT) <= 1.0 + 1e-5
    moved = motion.target.mean - FACE
    np.testing.assert_allclose(moved, np.broadcast_to(moved.mean(axis=0), moved.shape), atol=1e-4)
    assert moved.mean(axis=0) @ np.array(shift) >= 0


def test_a_driver_who_leans_far_still_speaks_and_blinks() -> None:
    motion = relative_motion(face(shift=(1.0, 0), jaw=0.1, lids=0.05), PORTRAIT, PORTRAIT, PARTS)
    held = limited(motion, PORTRAIT, PARTS).target.mean
    upper, lower = np.array(OPENINGS).T
    wished = motion.target.mean
    np.testing.assert_allclose(held[lower] - held[upper], wished[lower] - wished[upper], atol=1e-6)
    assert 0.2 < held[NOSE, 0] < 0.5


@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0))
def test_a_head_that_turns_or_nods_far_is_held_where_the_portrait_can_follow(turn: float, nod: float) -> None:
    mean = FACE + np.outer(WAYS, [turn, nod]).astype(np.float32)
    motion = limited(Motion(Keypoints(mean, PORTRAIT.covariance)), PORTRAIT, WITH_DEPTHS)
    asked, found = (sine_between(FACE, points, WITH_DEPTHS) for points in (mean, motion.target.mean))
    assert found <= 1.002 * TURNING_REACH  # lids are set apart again
    assert found >= 0.9 * min(asked, KNEE * TURNING_REACH)


@given(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2), st.floats(0, 6.28), st.floats(0.3, 3.0))
def test_a_head_that_leans_far_turns_and_nods_as_it_would_in_its_place(
    turn: float, nod: float, angle: float, way: float
) -> None:
    shift = (way * np.cos(angle), way * np.sin(angle))
    held = limited(_turned(turn, nod, shift), PORTRAIT, WITH_DEPTHS)
    assert np.linalg.norm(_ways(held), axis=1).max() <= 1.002 * REACHED  # lids are set apart again
    middle = _ways(held).mean(axis=0)
    np.testing.assert_allclose(
        _ways(held) - middle, _ways(_turned(turn, nod)) - WAYS.mean() * np.array([turn, nod]), atol=1e-4
    )
    assert middle @ np.array(shift) > -1e-4


def test_the_middle_goes_the_way_it_was_asked_only_less_far() -> None:
    held = _ways(limited(_turned(0.1, 0.05, shift=(1.0, 0.5)), PORTRAIT, WITH_DEPTHS)).mean(axis=0)
    wished = np.array([1.0, 0.5]) + WAYS.mean() * np.array([0.1, 0.05])
    assert held[1] / held[0] == pytest.approx(wished[1] / wished[0], abs=1e-3)
    assert 0.2 < held[0] < 0.5


def test_what_lies_beside_the_face_goes_with_it_and_swings_less() -> None:
    portrait, driving = with_shoulders(PORTRAIT), with_shoulders(face(shift=(1.0, 0.0)), shift=(1.0, 0.5))
    moved = _ways(limited(relative_motion(driving, portrait, portrait), portrait, PARTS), portrait)
    share = moved[NOSE, 0]
    np.testing.assert_allclose(moved[SHOULDERS], [(share, 0.5 * share)] * 2, atol=1e-5)
    still = with_shoulders(face(shift=(1.0, 0.0)))
    assert not _ways(limited(relative_motion(still, portrait, portrait), portrait, PARTS), portrait)[SHOULDERS].any()


def test_more_movement_of_the_driver_is_always_more_of_the_portrait() -> None:
    ways = [
        limited(relative_motion(face(shift=(0.02 * step, 0)), PORTRAIT, PORTRAIT), PORTRAIT).target.mean[0, 0]
        for step in range(60)
    ]
    steps = np.diff(ways)
    assert (steps > -1e-6).all()  # what float32 can tell
    assert steps.max() < 0.0201  # and no jump where the limiter sets in


def test_a_body_out_of_the_picture_does_not_hold_the_face_back() -> None:
    portrait = with_shoulders(PORTRAIT)
    motion = relative_motion(with_shoulders(face(jaw=0.05), shift=(0.0, 3.0)), portrait, portrait)
    assert range_used(motion, portrait, PARTS) == pytest.approx(
        range_used(relative_motion(face(jaw=0.05), PORTRAIT, PORTRAIT), PORTRAIT)
    )
    assert limited(motion, portrait, PARTS) is motion
    assert range_used(motion, portrait) > 1
